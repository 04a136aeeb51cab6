import { queryOf } from '@ads/contract';
import { type FastPathHandler, NOT_STORED } from '@ads/http';
import type { Answers } from './answers.js';

/** `GET /api/v1/ads/analytics` */
export function analyticsHandler(answer: Answers): FastPathHandler {
  return async (context) => {
    const { url = '' } = context.request;
    const found = await answer(queryOf(url), context.clientKey());
    return { status: 200, body: JSON.stringify(found), headers: NOT_STORED };
  };
}
