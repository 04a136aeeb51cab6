import { clientOf, type LaneHandler, NOT_STORED } from '@ads/http';
import type { Answers } from './answers.js';

/** `GET /api/v1/ads/analytics` */
export function analyticsHandler(answer: Answers): LaneHandler {
  return async (asked) => {
    const { url = '', socket } = asked.request;
    const queryAt = url.indexOf('?');
    const found = await answer(queryAt < 0 ? '' : url.slice(queryAt + 1), clientOf(asked.address(), socket));
    return { status: 200, body: JSON.stringify(found), headers: NOT_STORED };
  };
}
