import { queryOf } from '@ads/contract';
import { type FastPathHandler, weakTag } from '@ads/http';
import type { Answers } from './answers.js';

/** The timestamp, the last field of an answer. It changes even if the counters do not. */
const TIME = /"[a-z_]+":"[^"]+"}$/;

/** `GET /api/v1/ads/analytics` */
export function analyticsHandler(answer: Answers): FastPathHandler {
  return async (context) => {
    const { url = '' } = context.request;
    const body = JSON.stringify(await answer(queryOf(url), context.clientKey(), context.caller.advertiser));
    return { status: 200, body, etag: weakTag(body.replace(TIME, '')) };
  };
}
