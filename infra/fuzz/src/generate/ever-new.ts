import { ENDPOINTS } from '@ads/contract';
import fc from 'fast-check';
import { weighted } from './choices.js';
import { prefix } from './endpoints.js';
import { headOf, type RawRequest, raw, type Target } from './request.js';

/** As long as a cursor may be. */
const FILLER = 'x'.repeat(512);
/** Generates the first part of a cursor. It is before all ads of `GET /ads`, so that each of its pages has ads. */
const before = fc.integer({ min: -(2 ** 50), max: -1 });
const anyId = fc.uuid().map((id) => `nobody-knows-${id}`);
const cursor = fc.tuple(before, anyId).map((position) => Buffer.from(position.join(' ')).toString('base64url'));
const limit = fc.integer({ min: 1, max: 4 });

const get = (targets: readonly Target[], paths: fc.Arbitrary<string>): fc.Arbitrary<RawRequest> =>
  fc
    .tuple(fc.constantFrom(...targets), prefix, paths)
    .map(([to, start, path]) => raw('ever new', to, headOf('GET', `${start}${path}`)));

/** Generates valid reads that were not sent before. The memory that a service keeps for them must be bounded. */
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
      anyId.map((id) => `${ENDPOINTS.analytics.path}?ad_id=${id}&cursor=${FILLER}`),
    ),
  ],
);
