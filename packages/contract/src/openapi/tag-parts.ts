import type { ApiError } from '../errors.js';
import { rateLimitHeaders, requestIdHeader } from './headers.js';

export const SESSION = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';

/** A parameter in the query of a tag. "Try it out" of Swagger does not fill in the examples of schemas. */
export function tagParameter(name: string, description: string, example: string, more: object = {}) {
  return { name, in: 'query', description, schema: { type: 'string', maxLength: 2_048, examples: [example] }, ...more };
}

/** The parameters that all tags have, besides the session. */
export const labelParameters = [
  tagParameter(
    'sg',
    'Signature of the ad, the session and the placement. URLs of VAST documents and of tags have it with `TAG_SIGNING`.',
    '2026a.hq3kd.Zm9vYmFyYmF6cXV4',
  ),
  tagParameter('placement', 'Where the ad was shown. `pl` is the short form.', 'home'),
  tagParameter('source', 'Source of the campaign. `src` is the short form.', 'newsletter'),
  tagParameter('cb', 'Value of the macro `[CACHEBUSTING]`.', '48151623'),
  tagParameter('ts', 'Value of the macro `[TIMESTAMP]`: the time of the event.', '2026-01-02T03:04:05.678Z'),
  tagParameter('ph', 'Value of the macro `[ADPLAYHEAD]`: the play time of a click.', '00:00:12.345'),
];

/** The headers of a response that no cache may keep. */
export function notCached(example: string, description = 'No cache may keep the response.') {
  return {
    ...requestIdHeader,
    ...rateLimitHeaders,
    'Cache-Control': { description, schema: { type: 'string' }, example },
  };
}

/**
 * The description of an error whose body does not contain its code.
 *
 * @param body names the body
 */
export function withCodes(description: string, body: 'page' | 'response', errors: readonly ApiError[]): string {
  const codes = [...new Set(errors.map(({ code }) => `\`${code}\``))].join(', ');
  return `${description} The error code is in the log, not in the ${body}: ${codes}.`;
}
