import fc from 'fast-check';
import { oneOf, weighted } from './choices.js';
import { AD_IDS, anyPath, anyTarget, prefix } from './endpoints.js';
import { hostileString } from './hostile-strings.js';
import { headOf, type RawRequest, raw } from './request.js';

const trick = oneOf`
  // /./ /../ /%2e%2e/ /%2e%2e%2f%2e%2e%2fetc/passwd /..%5c..%5c /%00 /%0d%0aX-Injected:%20yes /% /%zz /%c0%af
  /%ed%a0%80 /%ff /%u0041 ;jsessionid=1 /.git/config /node_modules /~ /%252e%252e/ #fragment ? ?? ?&&& ?= ?%
  /index.html%00.png //evil.example/%2e%2e /\\evil.example /* /:id /(.*) /__proto__ /constructor/prototype /. /.. /%20
  /\xff /" /<script> /{} /| /^ /\`
`;

const swagger = oneOf`/swagger /swagger/swagger-ui.css /swagger/index.html //swagger /SWAGGER /swagger/.`;
const longSuffix = fc.constantFrom(1_000, 8_000, 15_000, 60_000).map((length) => 'a/'.repeat(length / 2));

const trickyPath = weighted(
  [4, fc.tuple(anyPath, trick).map((both) => both.join(''))],
  [2, fc.tuple(trick, anyPath).map(([before, path]) => `${before.replace(/[?#].*/, '')}${path}`)],
  [3, fc.tuple(prefix, swagger, trick).map((all) => all.join(''))],
  [1, anyPath.map((path) => path.toUpperCase())],
  [1, anyPath.map((path) => path.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`))],
  [1, anyPath.map((path) => `http://evil.example:99999${path}`)],
  [1, oneOf`* / // ads http:// https://x/ ? ftp://x/ads :: [ http://[::1 %2f`],
  [1, fc.tuple(anyPath, longSuffix).map((both) => both.join('/'))],
  [2, hostileString.map((text) => `/${encode(text)}`)],
);

/** Generates requests whose path is equivalent to another path, or invalid. */
export const pathTricks: fc.Arbitrary<RawRequest> = fc
  .tuple(anyTarget, oneOf`GET GET GET HEAD OPTIONS`, trickyPath)
  .map(([to, method, path]) =>
    raw('path tricks', to, headOf(method, path.replace(/[ \r\n\0]/g, '')), { toHead: method === 'HEAD' }),
  );

const parameter = oneOf`ad_id timeframe limit cursor __proto__ ad_id[] ad_id[__proto__] constructor ${''}`;

const parameterValue = weighted(
  [2, oneOf`5m 1h 24h 1M -1 0 1 500 501 1e2 1e400 NaN 0x10 ${' 5'} ${''}`],
  [2, fc.constantFrom(...AD_IDS).map(encodeURIComponent)],
  [3, hostileString.map(encode)],
  [1, hostileString.map((text) => Buffer.from(text).toString('latin1'))],
  [2, fc.tuple(fc.oneof(fc.double(), fc.constant('x'), fc.constant([])), hostileString).map(cursor)],
  [1, oneOf`% %zz %c0%af %00 + & = bnVsbA W10 WzEsW11d %F0%9F ${'A'.repeat(600)}`],
);

/** Generates reads of analytics with unusual, repeated or wrongly typed parameters. */
export const queries: fc.Arbitrary<RawRequest> = fc
  .record({
    to: fc.constantFrom('gateway' as const, 'analytics' as const),
    before: prefix,
    parameters: fc.array(fc.tuple(parameter, parameterValue), { minLength: 1, maxLength: 4 }),
    many: fc.constantFrom(1, 1, 1, 1, 400),
  })
  .map(({ to, before, parameters, many }) => {
    const query = parameters.map((pair) => pair.join('=')).join('&');
    const target = `${before}/ads/analytics?${`${query}&`.repeat(many).slice(0, 12_000)}`;
    return raw('queries', to, headOf('GET', target.replace(/[ \r\n\0]/g, '+')));
  });

/** Returns a cursor in the format of the API, with any content. */
function cursor(position: readonly unknown[]): string {
  return Buffer.from(position.join(' ')).toString('base64url').slice(0, 600);
}

function encode(text: string): string {
  // Buffer replaces a lone surrogate, which encodeURIComponent would refuse.
  return encodeURIComponent(Buffer.from(text.slice(0, 1_000)).toString());
}
