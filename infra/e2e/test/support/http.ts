import type { HttpAnswer } from '@ads/local';

export { callHttp as call, type HttpAnswer as Answer } from '@ads/local';

/** The parsed body of a JSON response. */
export function json<T>(answer: HttpAnswer): T {
  return JSON.parse(answer.text) as T;
}
