import type { RequestHandler } from 'express';
import type { Answers } from './answers.js';

/** `GET /api/v1/ads/analytics` */
export function analyticsHandler(answer: Answers): RequestHandler {
  return async ({ originalUrl }, response) => {
    const queryAt = originalUrl.indexOf('?');
    response.set('Cache-Control', 'no-store');
    response.json(await answer(queryAt < 0 ? '' : originalUrl.slice(queryAt + 1)));
  };
}
