import { type FastPathHandler, NOT_STORED } from '@ads/http';
import type { Answers } from './answers.js';

/** `GET /api/v1/ads/analytics` */
export function analyticsHandler(answer: Answers): FastPathHandler {
  return async (context) => {
    const { url = '' } = context.request;
    const queryAt = url.indexOf('?');
    const found = await answer(queryAt < 0 ? '' : url.slice(queryAt + 1), context.clientKey());
    return { status: 200, body: JSON.stringify(found), headers: NOT_STORED };
  };
}
