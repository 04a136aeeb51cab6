import { ENDPOINTS } from '@ads/contract';
import { derivedId, EVENT_KINDS, KINDS, NEW_AD_ID, uuidv7 } from '@ads/models';
import fc from 'fast-check';
import { oneOf, weighted } from './choices.js';
import { adId, eventTarget, prefix } from './endpoints.js';
import { hostileHeaderValue, hostileString } from './hostile-strings.js';
import { headOf, type RawRequest, raw } from './request.js';

/** The kinds that count once in a session, whatever the other parameters are: their ids are known. */
const ONCE = KINDS.filter((kind) => EVENT_KINDS[kind].distinctBy === undefined);

/** The first of equal parameters counts, and ours come first. */
const name = oneOf`sg pl placement src source sub1 cb ts ph code reason offset vendor asid f sid[] __proto__ x ${''}`;
const value = weighted(
  [3, hostileString.map((text) => encodeURIComponent(Buffer.from(text.slice(0, 1_000)).toString()))],
  [2, oneOf`[TIMESTAMP] %5BCB%5D %255BX%255D %%X%% $%7BX%7D -1 -2 undefined ${''} %E9 % %zz + b 402 00:00:01`],
  [1, oneOf`2026-01-02T3:04:05-05 2026-01-02T03:04:05+02 9999-12-31T23:59:59Z 1970-01-01T00:00:00Z`],
  [
    1,
    oneOf`fuzz.zzzzz.AAAAAAAAAAAAAAAA fuzz.0.AAAAAAAAAAAAAAAA fuzz.0. fuzz..AAAAAAAAAAAAAAAA . .. __proto__.0.AAAAAAAAAAAAAAAA other.0.AAAAAAAAAAAAAAAA fuzz.zzzzzzzzz.AAAAAAAAAAAAAAAA fuzz.0.${'%F0%9F%98%80'.repeat(8)}`,
  ],
  [1, fc.constantFrom(2_048, 2_049, 7_000).map((length) => 'x'.repeat(length))],
);

/** A browser, bots, and texts that are costly to match, up to the length that Node accepts. */
const agentLine = weighted(
  [2, fc.constant('User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0')],
  [1, oneOf`User-Agent:curl/8.5.0 User-Agent:okhttp/4.12.0 X-Invalid-Traffic:waf`],
  [2, hostileHeaderValue.map((text) => `User-Agent: ${text}`)],
  [
    1,
    fc
      .tuple(fc.constantFrom('a', '@a', ';a', ' a/1.1', '(a 1.1', '|'), fc.constantFrom(511, 512, 513, 7_000))
      .map(([text, length]) => `User-Agent: ${text.repeat(length).slice(0, length)}`),
  ],
);

const parameters = fc.array(fc.tuple(name, value), { maxLength: 6 });
const textOf = (pairs: readonly (readonly string[])[]): string => pairs.map((pair) => pair.join('=')).join('&');
/** Milliseconds from now until the session of a tag. */
const sessionIn = fc.integer({ min: -(10 ** 9), max: 8 * 10 ** 7 });
const timeOf = (sid: string): number => Number.parseInt(sid.slice(0, 8) + sid.slice(9, 13), 16);
const unspaced = (target: string): string => target.replace(/[ \r\n\0]/g, '+');

/** Generates pixels of an ad with unusual parameters. Each is counted once, or is refused because its URL is too long. */
export const pixels: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    before: prefix,
    kind: fc.constantFrom(...ONCE),
    ad: adId,
    at: sessionIn,
    parameters,
    agent: agentLine,
    many: fc.constantFrom(1, 1, 1, 1, 400),
  })
  .map(({ to, before, kind, ad, at, parameters: pairs, agent, many }) => {
    const sid = uuidv7(Date.now() + at);
    const query = `${textOf(pairs)}&`.repeat(many).slice(0, 8_100);
    const path = `${before}${ENDPOINTS.pixel.path.replace('{event}', kind)}`;
    const target = unspaced(`${path}?ad_id=${encodeURIComponent(ad)}&sid=${sid}&${query}`);
    const id = derivedId(timeOf(sid), [sid, ad, kind, '']);
    return raw('pixels', to, headOf('GET', target, agent), { mayStore: [id], counts: { kind, adId: ad, id } });
  });

/** An id that the API accepts for a new ad. Gateways refuse a path with others, such as `../x`. */
const newAdId = adId.filter((id) => NEW_AD_ID.test(id));

/** Generates links of an ad with unusual parameters. Each redirects to the host of the ad and is counted once. */
export const links: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, before: prefix, ad: newAdId, at: sessionIn, parameters, agent: agentLine })
  .map(({ to, before, ad, at, parameters: pairs, agent }) => {
    const sid = uuidv7(Date.now() + at);
    const path = `${before}${ENDPOINTS.clickThrough.path.replace('{ad_id}', encodeURIComponent(ad))}`;
    const target = unspaced(`${path}?sid=${sid}&cb=1&ts=&${textOf(pairs)}`);
    const id = derivedId(timeOf(sid), [sid, ad, 'click', '1 ']);
    return raw('links', to, headOf('GET', target, agent), { mayStore: [id], counts: { kind: 'click', adId: ad, id } });
  });

/** Generates requests for VAST with unusual parameters, most of them of an existing ad. */
export const documents: fc.Arbitrary<RawRequest> = fc
  .record({ to: eventTarget, before: prefix, ad: weighted([5, adId], [1, hostileString]), parameters })
  .map(({ to, before, ad, parameters: pairs }) => {
    const id = encodeURIComponent(Buffer.from(ad.slice(0, 200)).toString());
    const path = `${before}${ENDPOINTS.vast.path.replace('{ad_id}', () => id)}`;
    return raw('VAST', to, headOf('GET', unspaced(`${path}?${textOf(pairs)}`)));
  });
