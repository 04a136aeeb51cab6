import { ENDPOINTS } from '@ads/contract';
import fc from 'fast-check';
import { weighted } from './choices.js';
import { prefix } from './endpoints.js';
import { headOf, type RawRequest, raw, type Target } from './request.js';

const FILLER = 'x'.repeat(4_000);
/** Before the first ad, so that each page has ads. */
const before = fc.integer({ min: -(2 ** 50), max: -1 });
const anyId = fc.uuid().map((id) => `nobody-knows-${id}`);
const cursor = fc.tuple(before, anyId).map((position) => Buffer.from(position.join(' ')).toString('base64url'));
const limit = fc.integer({ min: 1, max: 4 });

const get = (targets: readonly Target[], paths: fc.Arbitrary<string>): fc.Arbitrary<RawRequest> =>
  fc
    .tuple(fc.constantFrom(...targets), prefix, paths)
    .map(([to, start, path]) => raw('ever new', to, headOf('GET', `${start}${path}`)));

/** Valid reads that nobody sent before: what a service remembers of each must be bounded. */
export const everNew: fc.Arbitrary<RawRequest> = weighted(
  [
    4,
    get(
      ['gateway', 'ingest'],
      fc.tuple(limit, cursor).map(([most, after]) => `${ENDPOINTS.ads.path}?limit=${most}&cursor=${after}`),
    ),
  ],
  [
    1,
    get(
      ['gateway', 'analytics'],
      fc.tuple(limit, cursor).map(([most, after]) => `${ENDPOINTS.analytics.path}?limit=${most}&cursor=${after}`),
    ),
  ],
  [
    1,
    get(
      ['gateway', 'analytics'],
      anyId.map((id) => `${ENDPOINTS.analytics.path}?ad_id=${id}&other=${FILLER}`),
    ),
  ],
);
