import fc from 'fast-check';
import { AD_IDS, anyPath, anyTarget, prefix } from './endpoints.js';
import { hostileString } from './hostile-strings.js';
import { head, type RawRequest, raw } from './request.js';

function get(family: string, target: string): fc.Arbitrary<RawRequest> {
  return fc
    .record({ to: anyTarget, method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'OPTIONS') })
    .map(({ to, method }) =>
      raw(family, to, head(`${method} ${target} HTTP/1.1`, 'Host: localhost'), { toHead: method === 'HEAD' }),
    );
}

const trick = fc.constantFrom(
  ...[
    '//',
    '/./',
    '/../',
    '/%2e%2e/',
    '/%2e%2e%2f%2e%2e%2fetc/passwd',
    '/..%5c..%5c',
    '/%00',
    '/%0d%0aX-Injected:%20yes',
  ],
  ...[
    '/%',
    '/%zz',
    '/%c0%af',
    '/%ed%a0%80',
    '/%ff',
    '/%u0041',
    ';jsessionid=1',
    '/.git/config',
    '/node_modules',
    '/~',
    '/%252e%252e/',
  ],
  ...[
    '#fragment',
    '?',
    '??',
    '?&&&',
    '?=',
    '?%',
    '/index.html%00.png',
    '//evil.example/%2e%2e',
    '/\\evil.example',
    '/*',
    '/:id',
    '/(.*)',
  ],
  ...['/__proto__', '/constructor/prototype', '/.', '/..', '/%20', '/\xff', '/"', '/<script>', '/{}', '/|', '/^', '/`'],
);

const swagger = fc.constantFrom(
  '/swagger',
  '/swagger/swagger-ui.css',
  '/swagger/index.html',
  '//swagger',
  '/SWAGGER',
  '/swagger/.',
);

/** Paths that are equivalent to another path, or invalid. */
export const pathTricks: fc.Arbitrary<RawRequest> = fc
  .oneof(
    { weight: 4, arbitrary: fc.tuple(anyPath, trick).map((both) => both.join('')) },
    {
      weight: 2,
      arbitrary: fc.tuple(trick, anyPath).map(([before, path]) => `${before.replace(/[?#].*/, '')}${path}`),
    },
    { weight: 3, arbitrary: fc.tuple(prefix, swagger, trick).map((all) => all.join('')) },
    { weight: 1, arbitrary: anyPath.map((path) => path.toUpperCase()) },
    {
      weight: 1,
      arbitrary: anyPath.map((path) => path.replace(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)),
    },
    { weight: 1, arbitrary: anyPath.map((path) => `http://evil.example:99999${path}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '*',
        '/',
        '//',
        'ads',
        'http://',
        'https://x/',
        '?',
        'ftp://x/ads',
        '::',
        '[',
        'http://[::1',
        '%2f',
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(anyPath, fc.constantFrom(1_000, 8_000, 15_000, 60_000))
        .map(([path, length]) => `${path}/${'a/'.repeat(length / 2)}`),
    },
    { weight: 2, arbitrary: hostileString.map((text) => `/${encode(text)}`) },
  )
  .chain((target) => get('path tricks', target.replace(/[ \r\n\0]/g, '')));

const parameter = fc.constantFrom(
  'ad_id',
  'timeframe',
  'limit',
  'cursor',
  '__proto__',
  'ad_id[]',
  'ad_id[__proto__]',
  'constructor',
  '',
);

const parameterValue = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '5m',
      '1h',
      '24h',
      '1M',
      '-1',
      '0',
      '1',
      '500',
      '501',
      '1e2',
      '1e400',
      'NaN',
      '0x10',
      ' 5',
      '',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom(...AD_IDS).map(encodeURIComponent) },
  { weight: 3, arbitrary: hostileString.map(encode) },
  { weight: 1, arbitrary: hostileString.map((text) => Buffer.from(text).toString('latin1')) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.oneof(fc.double(), fc.constant('x'), fc.constant([])), hostileString).map(cursor),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '%',
      '%zz',
      '%c0%af',
      '%00',
      '+',
      '&',
      '=',
      'bnVsbA',
      'W10',
      'WzEsW11d',
      'A'.repeat(600),
      '%F0%9F',
    ),
  },
);

/** Reads of analytics with unusual, repeated or wrongly typed parameters. */
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
    return raw('queries', to, head(`GET ${target.replace(/[ \r\n\0]/g, '+')} HTTP/1.1`, 'Host: localhost'));
  });

/** A cursor in the form of the API, with any content. */
function cursor(position: readonly unknown[]): string {
  return Buffer.from(position.join(' ')).toString('base64url').slice(0, 600);
}

function encode(text: string): string {
  // A lone surrogate has no encoding: Buffer puts the replacement character in its place.
  return encodeURIComponent(Buffer.from(text.slice(0, 1_000)).toString());
}
