import fc from 'fast-check';
import { weighted, words } from './choices.js';

const SQL = [
  "'; DROP TABLE ad_events; --",
  "' OR '1'='1",
  '1); DELETE FROM ad_totals; --',
  "\\'; SELECT pg_sleep(10); --",
  '$$; TRUNCATE ads; $$',
  "') ON CONFLICT DO UPDATE SET clicks = 1000000; --",
  '{1,2,"a\\"b"}',
  '%_%',
];

const REDIS_AND_NATS = [
  '\r\nFLUSHALL\r\n',
  '*1\r\n$8\r\nFLUSHALL\r\n',
  '"]); redis.call("FLUSHALL") --',
  '} ad:{x}:total',
  '\r\nPUB ads.events 2\r\n{}\r\n',
  '\r\nCONFIG SET dir /\r\n',
  '$JS.API.STREAM.DELETE.AD_EVENTS',
  '*.>',
];

const PROTOTYPE = words`
  __proto__ constructor prototype hasOwnProperty toString valueOf toJSON then __defineGetter__ isJoi
`;

const MARKUP_AND_TEMPLATES = [
  '<script>alert(1)</script>',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text itself is what is sent
  '${7*7}{{7*7}}<%= 7*7 %>#{7*7}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text itself is what is sent
  '${jndi:ldap://127.0.0.1/a}',
  '%s%s%n%x',
  '\u001b[2J\u001b]0;owned\u0007',
  '../../../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '\r\nX-Injected: yes\r\n\r\n<html>',
  'file:///etc/passwd',
];

const UNICODE = words`
  \u0000 a\u0000b \ufeff \ufffe \uffff \ud800 \udc00 \ud83d \udc00\ud800 \u202e\u202dad-001 \u200b\u200c\u200d\u2060
  \u2028\u2029 \u0085\u00a0\u1680\u3000 👩‍👩‍👧‍👦🏳️‍🌈 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢ İıſK аd-001 ad-001\u0301 ﷺ \u{10ffff}
  \u007f\u0080\u009f
`;

const NUMBERS = words`NaN Infinity -Infinity -0 1e400 0x10 ١٢٣ 9007199254740993 00 1_000 ${' 1 '}`;

const CONTROLS = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('');

/** Generates names that have a meaning on any JavaScript object. */
export const prototypeName = fc.constantFrom(...PROTOTYPE);

const fragment = fc.constantFrom(
  ...[...SQL, ...REDIS_AND_NATS, ...PROTOTYPE, ...MARKUP_AND_TEMPLATES, ...UNICODE, ...NUMBERS],
  ...[CONTROLS, '', ' ', 'null', 'undefined', 'true'],
);

const long = fc
  .tuple(fragment, fc.constantFrom(129, 1_000, 4_000, 12_000))
  .map(([text, length]) =>
    (text === '' ? 'x' : text).repeat(Math.ceil(length / Math.max(1, text.length))).slice(0, length),
  );

/** Generates texts that a program may interpret as code, a command or a path. */
export const hostileString: fc.Arbitrary<string> = weighted(
  [6, fragment],
  [2, fc.tuple(fragment, fragment).map((both) => both.join(''))],
  [2, fragment.map((text) => `ad-001${text}`)],
  [3, fc.string({ unit: 'binary', maxLength: 40 })],
  [2, fc.string({ unit: 'grapheme', maxLength: 40 })],
  [1, long],
);

/** Generates hostile texts without the control characters that a header line cannot contain. Bytes above 127 stay. */
export const hostileHeaderValue: fc.Arbitrary<string> = hostileString.map((text) =>
  Buffer.from(text.slice(0, 2_000))
    .toString('latin1')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a header must not have
    .replace(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ''),
);
