import fc from 'fast-check';
import { oneOf, weighted, words } from './choices.js';
import { anyPath, anyTarget, eventPath, eventTarget } from './endpoints.js';
import { eventBytes, type ValidEvent, validEvent } from './events.js';
import { headOf, JSON_LINE, type RawRequest, raw } from './request.js';

function bytesOf({ body }: ValidEvent): string {
  return Buffer.from(body).toString('latin1');
}

const lengthLine = oneOf`
  -1 +5 0x10 1e3 NaN Infinity ${''} ${' '} ${'5 5'} ${'5, 5'} 5,6 1.5 00000000005 ٥ abc __proto__ 99999999999
  9007199254740993 18446744073709551616 184467440737095516160000000
`;

/** Generates requests whose Content-Length is invalid, wrong, or repeated. */
export const contentLengths: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    event: validEvent,
    length: fc.oneof(lengthLine, fc.constantFrom(-50, -1, 0, 1, 100)),
    twice: fc.constantFrom('no', 'no', 'same', 'other', 'transfer'),
  })
  .map(({ to, event, length, twice }) => {
    const body = bytesOf(event);
    const second = {
      no: [],
      same: [`Content-Length: ${body.length}`],
      other: [`Content-Length: ${body.length}`, 'Content-Length: 3'],
      transfer: ['Transfer-Encoding: chunked'],
    }[twice];
    const said = typeof length === 'number' ? `${body.length + length}` : length;
    const start = headOf('POST', event.path, JSON_LINE, `Content-Length: ${said}`, ...second);
    return raw('content lengths', to, start + body);
  });

/** Generates the correct text with a probability of 3/5, otherwise one of the odd ones. */
function mostly(correct: string, ...odd: readonly string[]): fc.Arbitrary<string> {
  return weighted([3, fc.constant(correct)], [2, fc.constantFrom(...odd)]);
}

const chunkStart = mostly('', '0', '00000000', '-', '+', '0x', ' ', 'zz');
const chunkEnd = mostly('', ';ext=1', `;${'x'.repeat(500)}`, `;${'x'.repeat(20_000)}`, ' ', ';"\xff"', '\x00', ';a\rb');
const transferEncoding = mostly(
  'chunked',
  ...words`
    Chunked identity xchunked chunked;q=1 \x0bchunked "chunked" ${' chunked'} ${'chun ked'} ${'chunked, chunked'}
    ${'gzip, chunked'} ${'chunked, identity'} ${'chunked\r\nTransfer-Encoding: identity'} ${'x\r\n chunked'}
  `,
);
const lastChunk = mostly(
  '0\r\n\r\n',
  ...['0\r\nX-Trailer: yes\r\n', '0\r\nContent-Length: 5\r\n', '00\r\n', '0;x=y\r\n', '-1\r\n', '\r\n'].map(
    (start) => `${start}\r\n`,
  ),
  ...['FFFFFFFFFFFFFFFF\r\n', '10000000000000000\r\nx', '0\n\n', `0\r\n${'X-Trailer: y\r\n'.repeat(3_000)}\r\n`],
);

/** Generates chunked requests with unusual chunk sizes, extensions, trailers and encoding errors. */
export const chunks: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    event: validEvent,
    encoding: transferEncoding,
    start: chunkStart,
    end: chunkEnd,
    last: lastChunk,
    length: fc.constantFrom(false, false, true),
  })
  .map(({ to, event, encoding, start, end, last, length }) => {
    const body = bytesOf(event);
    const [first, second] = [body.slice(0, 7), body.slice(7)];
    const lines = [JSON_LINE, `Transfer-Encoding: ${encoding}`, ...(length ? ['Content-Length: 4'] : [])];
    const chunked = `${start}7${end}\r\n${first}\r\n${second.length.toString(16)}\r\n${second}\r\n${last}`;
    return raw('chunks', to, headOf('POST', event.path, ...lines) + chunked);
  });

const method = oneOf`GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT PROPFIND PURGE M-SEARCH QUERY`;

/** Generates requests with any method on any path. */
export const methods: fc.Arbitrary<RawRequest> = fc
  .record({ to: anyTarget, path: anyPath, name: method, body: fc.constantFrom('', '{}', '{"ad_id":"ad-001"}') })
  .map(({ to, path, name, body }) =>
    raw('methods', to, headOf(name, path, JSON_LINE, `Content-Length: ${body.length}`) + body, {
      toHead: name === 'HEAD',
      // CONNECT has no target here.
      mayClose: name === 'CONNECT',
    }),
  );

const requestLine = fc
  .record({
    name: oneOf`GET get G\x00T GETGET GÉT __proto__ PRI CONNECT ${''} ${' GET'} ${'\r\n\r\nGET'} ${'X'.repeat(9_000)}`,
    path: fc.oneof(anyPath, fc.constantFrom('', ' /', '/a b', '/\x00', '/\x01', 'localhost:80', '*')),
    version: oneOf`
      HTTP/1.1 HTTP/1.0 HTTP/0.9 HTTP/2.0 HTTP/9.9 HTTP/ http/1.1 ICE/1.0 HTTP/1.10 HTTP/11 ${'HTTP/1.1 '} ${''}
    `,
    end: fc.constantFrom('\r\n', '\n', '\r', '\r\n\r\n'),
    host: fc.boolean(),
  })
  .map(
    ({ name, path, version, end, host }) =>
      `${name} ${path} ${version}${end}${host ? 'Host: localhost\r\n' : ''}\r\n\r\n`,
  );

const notHttp = fc.constantFrom(
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'SSH-2.0-OpenSSH_9.0\r\n',
  '*1\r\n$8\r\nFLUSHALL\r\n',
  'PING\r\n',
  'CONNECT {"verbose":false}\r\nPUB ads.events 2\r\n{}\r\n',
  '\x00\x00\x00\x08\x04\xd2\x16\x2f',
  '\x00'.repeat(1_000),
  'A'.repeat(100_000),
  '\xff\xfe\xfd'.repeat(100),
);

/**
 * Generates first lines of other protocols and versions. The connection is half-closed, because a server need not answer an
 * incomplete request on an open connection.
 */
export const requestLines: fc.Arbitrary<RawRequest> = fc
  .tuple(anyTarget, weighted([4, requestLine], [1, notHttp]))
  .map(([to, text]) => raw('request lines', to, text, { ending: 'half-close', mayClose: true }));

/** Generates pipelined requests, of which the last may be invalid. Each gets its response, in order. */
export const pipelines: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    events: fc.array(validEvent, { minLength: 1, maxLength: 5 }),
    last: fc.constantFrom(
      '',
      'NOT HTTP\r\n\r\n',
      'POST /ads/click HTTP/1.1\r\nContent-Length: x\r\n\r\n',
      'POST /ads/click HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n',
      'GET /ads HTTP/1.1\r\nHost: x\r\n\r\n',
    ),
  })
  .map(({ to, events, last }) =>
    raw('pipelines', to, events.map((event) => eventBytes(event)).join('') + last, {
      answers: events.length + (last === '' ? 0 : 1),
    }),
  );

/** Generates a request within the body of another: request smuggling between gateway and service. */
export const smuggling: fc.Arbitrary<RawRequest> = fc
  .record({
    to: eventTarget,
    path: eventPath,
    hidden: validEvent,
    lines: fc.constantFrom(
      ['Content-Length: 6', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 6'],
      ['Transfer-Encoding: xchunked', 'Content-Length: 6'],
      ['Transfer-Encoding : chunked', 'Content-Length: 6'],
      ['Transfer-Encoding:\tchunked', 'Transfer-Encoding: x', 'Content-Length: 6'],
      ['Content-Length: 6', 'Content-Length: 300'],
    ),
  })
  .map(({ to, path, hidden, lines }) =>
    raw('smuggling', to, `${headOf('POST', path, JSON_LINE, ...lines)}0\r\n\r\nX${eventBytes(hidden)}`),
  );
