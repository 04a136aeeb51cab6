import { gzipSync } from 'node:zlib';
import { ENDPOINT_KINDS, EVENT_KINDS } from '@ads/models';
import fc from 'fast-check';
import { words } from './choices.js';
import { anyPath, anyTarget, eventPath, eventTarget } from './endpoints.js';
import { type FuzzRequest, headOf, JSON_LINE, raw, type Target } from './request.js';

/*
 * Repeats each character of each format that the API reads as often as a request allows. Code whose time grows faster than its
 * input is slow for one of these. `repeats` has all of them, so finding one does not depend on chance.
 */

/** The maximum length of a run. It is below the limit of 16 KB for a body, and for a head with its other lines. */
const MOST_BYTES = 14_000;

/** Characters that have a meaning in some format. Each is repeated in every format. */
const MEANINGFUL = [...' \t%.:-0"\\[,;=/\u2028'];
/** Characters that make the rest of a text invalid. */
const MISFIT = ` Z+-"\\]}/%\u2028!`;

/** Puts a text into a request. */
type Place = (text: string) => fc.Arbitrary<FuzzRequest>;

/** Generates the length of a run. Seven of eight are the maximum, because fast-check prefers short ones by default. */
function lengthUpTo(most: number): fc.Arbitrary<number> {
  return fc.noBias(fc.nat(most * 8)).map((length) => Math.min(most, length));
}

/**
 * Returns a generator for each run of a format in a place: each of its characters is repeated at its own position, and other
 * characters at any position. The run is followed by the valid rest of the text, or by invalid characters.
 *
 * @param widthOf the bytes of a character in the request
 */
function runsIn(
  place: Place,
  texts: readonly string[],
  widthOf: (character: string) => number,
): fc.Arbitrary<FuzzRequest>[] {
  return texts.flatMap((text) => {
    const own = [...text].map((character, at) => ({ character, places: fc.constant(at) }));
    // Within an existing run all positions are equivalent.
    const firsts = own.filter(({ character }, at) => character !== text[at - 1]);
    const others = MEANINGFUL.map((character) => ({ character, places: fc.nat(text.length) }));
    return [...firsts, ...others].flatMap(({ character, places }) =>
      [true, false].map((keepsEnd) =>
        fc
          .tuple(places, lengthUpTo(Math.floor((MOST_BYTES - 200) / widthOf(character))))
          .map(([at, length]) => text.slice(0, at) + character.repeat(length) + (keepsEnd ? text.slice(at) : MISFIT))
          .chain(place),
      ),
    );
  });
}

/** Returns the generators of {@link runsIn} for named values, such as fields. */
function runsInEach(
  formats: Readonly<Record<string, readonly string[]>>,
  widthOf: (character: string) => number,
  place: (name: string, text: string) => fc.Arbitrary<FuzzRequest>,
): fc.Arbitrary<FuzzRequest>[] {
  return Object.entries(formats).flatMap(([name, texts]) => runsIn((text) => place(name, text), texts, widthOf));
}

/** Returns a generator for each piece and start: the start, then the repeated piece. */
function repetitions(pieces: readonly string[], starts: readonly string[], place: Place): fc.Arbitrary<FuzzRequest>[] {
  return pieces.flatMap((piece) =>
    starts.map((start) =>
      lengthUpTo(Math.floor(MOST_BYTES / piece.length)).chain((count) => place(start + piece.repeat(count))),
    ),
  );
}

const TIMES = ['2024-01-01T10:10:10.123Z', '2024-01-01t10:10:10+02:00'];
const UUID = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';

/** Valid values of the fields of an event. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  ad_id: ['ad-001'],
  ip: ['203.0.113.9', '2001:db8::ffff:203.0.113.9', 'fe80::1%eth0'],
  timestamp: TIMES,
  video_play_time: ['12.345e-1'],
  ...Object.fromEntries(ENDPOINT_KINDS.map((kind) => [EVENT_KINDS[kind].idField, [UUID]])),
  unknown: ['x'],
};

function postOf(body: string | Buffer, ...lines: readonly string[]): fc.Arbitrary<FuzzRequest> {
  const bytes = Buffer.from(body as string);
  return fc.tuple(eventTarget, eventPath).map(([to, path]) => {
    const start = headOf('POST', path, ...lines, `Content-Length: ${bytes.length}`);
    return raw('repeats', to, Buffer.concat([Buffer.from(start, 'latin1'), bytes]));
  });
}

const fields = runsInEach(
  FIELDS,
  (character) => Buffer.byteLength(JSON.stringify(character)) - 2,
  (field, text) => postOf(JSON.stringify({ ad_id: 'ad-001', [field]: text }), JSON_LINE),
);

/** Parts of JSON syntax: numbers, white space, escapes, brackets, names. */
const SYNTAX = [
  ...['{"ad_id":"ad-001","video_play_time":12.0345e+10}', '{ "ad_id" : "ad-001" }'],
  ...['[[{"a":[]}]]', '{"ad_id":"\\u0061\\n\\\\","x":[true,null,-1]}'],
];
const syntax = runsIn((json) => postOf(json, JSON_LINE), SYNTAX, Buffer.byteLength);

/** Texts that are repeated in bodies. */
const pieces = words`
  [ {"a": "a":0, [], \\u0041 \\n 1e1 - %41 % + & = a=1& ad_id=a& ${'--x\r\n'} ${'\r\n'} --
  ${'Content-Disposition: form-data; name="a"\r\n'}
`;
const starts = ['{"ad_id":"', '--x\r\nContent-Disposition: form-data; name="ad_id"\r\n\r\n', ''];
const TYPES = words`
  application/json text/plain application/x-www-form-urlencoded ${'multipart/form-data; boundary=x'}
`;
const bodies = TYPES.flatMap((type) => repetitions(pieces, starts, (body) => postOf(body, `Content-Type: ${type}`)));

/** Valid values of headers. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'Idempotency-Key': [`"${UUID}"`],
  'X-Request-ID': ['a-1.b:c_d'],
  'X-Forwarded-For': ['203.0.113.9, [2001:db8::1]:443', '127.0.0.1,::1'],
  Forwarded: ['for="[2001:db8::1]:443";proto=https, for=203.0.113.9'],
  Origin: ['https://player.example:8443'],
  Host: ['localhost:8080'],
  Cookie: ['a=b; c="d"'],
  Range: ['bytes=0-1,5-'],
  'If-None-Match': ['W/"abc", "d"', '*'],
  'If-Match': ['"abc"'],
  'If-Modified-Since': ['Thu, 01 Jan 1970 00:00:00 GMT'],
  Accept: ['text/html;q=0.9, */*'],
  'Accept-Encoding': ['gzip;q=1.0, br'],
  'Access-Control-Request-Headers': ['content-type, x-a'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  'User-Agent': ['Mozilla/5.0 (X11; Linux)'],
};

/** Encodes a text for a header. Characters that a header cannot contain are left out. */
function headerText(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\t -~\x80-\xff]/g, '');
}

const headers = runsInEach(HEADERS, Buffer.byteLength, (name, text) => {
  const line = `${name}: ${headerText(text)}`;
  return fc.oneof(
    postOf('{"ad_id":"ad-001"}', JSON_LINE, line),
    fc.tuple(anyTarget, anyPath).map(([to, path]) => raw('repeats', to, headOf('GET', path, line))),
  );
});

/** Content types of plain and of compressed bodies, which are read by different code. */
const types = ['application/json; charset="utf-8"; a=b', 'multipart/form-data; boundary=--x'].flatMap((type) =>
  [[], ['Content-Encoding: gzip']].flatMap((lines) =>
    runsIn(
      (text) => {
        const body = Buffer.from('{"ad_id":"ad-001"}');
        return postOf(lines.length === 0 ? body : gzipSync(body), `Content-Type: ${headerText(text)}`, ...lines);
      },
      [type],
      Buffer.byteLength,
    ),
  ),
);

/** Generates a target that answers analytics. */
const analyticsTarget = fc.constantFrom<Target>('gateway', 'analytics');

function getOf(target: string, of = anyTarget): fc.Arbitrary<FuzzRequest> {
  return of.map((to) => raw('repeats', to, headOf('GET', target)));
}

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  ad_id: ['ad-001'],
  timeframe: ['15m'],
  limit: ['1.010', '10.0e1', ' 1'],
  cursor: [Buffer.from('12 ad-001').toString('base64url')],
  other: ['x'],
};

const parameters = runsInEach(
  PARAMETERS,
  (character) => encodeURIComponent(character).length,
  (name, text) => getOf(`/ads/analytics?${name}=${encodeURIComponent(text)}`, analyticsTarget),
);

/** Texts that are repeated in addresses, already encoded. */
const addresses = repetitions(
  words`/ . %2e ../ % %2f ; // a ? & = a=& ad_id=a& + * : ( ~`,
  words`/ /ads/analytics? /ads/analytics/ /swagger/ /ads/ /api/v1/`,
  (target) => getOf(target),
);

/** One generator for each character of each format. */
export const repeats: readonly fc.Arbitrary<FuzzRequest>[] = [
  fields,
  syntax,
  bodies,
  headers,
  types,
  parameters,
  addresses,
].flat();
