import { ENDPOINTS } from '@ads/contract';
import { derivedId, EVENT_KINDS, KINDS, uuidv7 } from '@ads/models';
import fc from 'fast-check';
import { oneOf, weighted } from './choices.js';
import { adId, eventTarget, prefix } from './endpoints.js';
import { hostileString } from './hostile-strings.js';
import { headOf, type RawRequest, raw } from './request.js';

/** The kinds that count once in a session, whatever the other parameters are: their ids are known. */
const ONCE = KINDS.filter((kind) => EVENT_KINDS[kind].distinctBy === undefined);

const name = oneOf`pl placement src source sub1 cb ts ph code reason offset vendor asid f sid[] __proto__ x ${''}`;
const value = weighted(
  [3, hostileString.map((text) => encodeURIComponent(Buffer.from(text.slice(0, 1_000)).toString()))],
  [2, oneOf`[TIMESTAMP] %5BCB%5D %255BX%255D %%X%% $%7BX%7D -1 -2 undefined ${''} %E9 % %zz + b 402 00:00:01`],
  [1, oneOf`2026-01-02T3:04:05-05 2026-01-02T03:04:05+02 9999-12-31T23:59:59Z 1970-01-01T00:00:00Z`],
  [1, fc.constantFrom(2_048, 2_049, 7_000).map((length) => 'x'.repeat(length))],
);

/** Generates pixels of an ad with unusual parameters. Each is counted once, or is refused because its URL is too long. */
export const pixels: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    before: prefix,
    kind: fc.constantFrom(...ONCE),
    ad: adId,
    at: fc.integer({ min: -(10 ** 9), max: 8 * 10 ** 7 }),
    parameters: fc.array(fc.tuple(name, value), { maxLength: 6 }),
    many: fc.constantFrom(1, 1, 1, 1, 400),
  })
  .map(({ to, before, kind, ad, at, parameters, many }) => {
    const sid = uuidv7(Date.now() + at);
    const query = `${parameters.map((pair) => pair.join('=')).join('&')}&`.repeat(many).slice(0, 8_100);
    const path = `${before}${ENDPOINTS.pixel.path.replace('{event}', kind)}`;
    const target = `${path}?ad_id=${encodeURIComponent(ad)}&sid=${sid}&${query}`.replace(/[ \r\n\0]/g, '+');
    const id = derivedId(Number.parseInt(sid.slice(0, 8) + sid.slice(9, 13), 16), [sid, ad, kind, '']);
    return raw('pixels', to, headOf('GET', target), { mayStore: [id], pixel: { kind, adId: ad, id } });
  });
