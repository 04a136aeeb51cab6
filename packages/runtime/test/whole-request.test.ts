import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, it } from '@jest/globals';
import { readWholeRequest } from '../src/server/whole-request.js';

const socket = {} as Socket;
const read = (text: string) => readWholeRequest(Buffer.from(text, 'latin1'), socket);
const state = (text: string) => read(text).state;

const GET = 'GET /t/start?ad_id=a HTTP/1.1\r\nHost: a\r\n';

it('reads method, target, headers and body, and where the request ends', () => {
  const text =
    'POST /c HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nx-Spaces:\t a b \t\r\nX-High: \xa0\xe9\r\nContent-Length: 3\r\n\r\n{ }';
  const result = read(`${text}GET /next`);
  if (result.state !== 'whole') throw new Error(result.state);
  const { request, end } = result;
  expect({ ...request, takeBytes: String(request.takeBytes()), end }).toEqual({
    method: 'POST',
    url: '/c',
    headers: { host: 'a', 'x-empty': '', 'x-spaces': 'a b', 'x-high': '\xa0\xe9', 'content-length': '3' },
    socket,
    takeBytes: '{ }',
    end: text.length,
  });
  expect(request.takeBytes()).toHaveLength(0);
});

it('waits for the rest of a head', () => {
  const whole = `${GET}\r\n`;
  for (let length = 1; length < whole.length; length += 1) expect(state(whole.slice(0, length))).toBe('incomplete');
  expect(state(whole)).toBe('whole');
});

it.each([
  ['another method', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a method in lower case', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
  ['an absolute URL', 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an empty line before it', `\r\n${GET}\r\n`],
  ['bytes beyond ASCII in the target', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no host', 'GET / HTTP/1.1\r\nX: a\r\n\r\n'],
  ['two hosts', `${GET}host: b\r\n\r\n`],
  ['a repeated header', `${GET}X: 1\r\nx: 2\r\n\r\n`],
  ['a name of every object', `${GET}constructor: 1\r\n\r\n`],
  ['the prototype', `${GET}__proto__: 1\r\n\r\n`],
  ['an empty name', `${GET}: 1\r\n\r\n`],
  ['a space after the name', `${GET}X : 1\r\n\r\n`],
  ['a folded header', `${GET}X: 1\r\n 2\r\n\r\n`],
  ['a line feed alone', `${GET}X: 1\nY: 2\r\n\r\n`],
  ['a carriage return in a value', `${GET}X: 1\rY\r\n\r\n`],
  ['a zero byte in a value', `${GET}X: 1\0\r\n\r\n`],
  ['a chunked body', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['both framings', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n`],
  ['two lengths', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na`],
  ['a signed length', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na`],
  ['a list of lengths', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na`],
  ['a body that is incomplete', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na`],
  ['GET with a body', `${GET}Content-Length: 1\r\n\r\na`],
  ['Expect', `${GET}Expect: 100-continue\r\n\r\n`],
  ['Upgrade', `${GET}Upgrade: h2c\r\n\r\n`],
  ['Connection: close', `${GET}Connection: close\r\n\r\n`],
  ['a list of connection options', `${GET}Connection: keep-alive, X\r\n\r\n`],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00'],
])('leaves %s to Node', (_name, text) => expect(state(text)).toBe('other'));

it('reads heads up to 8 KiB and 64 headers', () => {
  const padded = (length: number) => `${GET}X: ${'x'.repeat(length - GET.length - 7)}\r\n\r\n`;
  expect(state(padded(8_192))).toBe('whole');
  expect(state(padded(8_193))).toBe('other');
  expect(state('GET /'.padEnd(8_192, 'x'))).toBe('incomplete');
  expect(state('GET /'.padEnd(8_193, 'x'))).toBe('other');
  const withHeaders = (count: number) =>
    `${GET}${Array.from({ length: count - 1 }, (_, n) => `X${n}: 1\r\n`).join('')}\r\n`;
  expect(state(withHeaders(64))).toBe('whole');
  expect(state(withHeaders(65))).toBe('other');
});

const PIECES = [
  ...[
    'GET ',
    'POST ',
    'PUT ',
    '/',
    '/t/a?b=%20#c',
    '/\xe9',
    'http://h/',
    ' HTTP/1.1',
    ' HTTP/1.0',
    '\r\n',
    '\r\n',
    '\r\n',
  ],
  ...[
    'Host: a\r\n',
    'host:b\r\n',
    'X: \t1 \r\n',
    'X-É: 1\r\n',
    '_: 1\r\n',
    'Cookie: a=b; c=d\r\n',
    'Content-Length: 2\r\n',
  ],
  ...[
    'Content-Length: 0\r\n',
    'Content-Length:\t3 \r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: keep-alive\r\n',
  ],
  ...[
    'Connection: close\r\n',
    ' ',
    '\t',
    '\r',
    '\n',
    '\0',
    ':',
    'ab',
    'abc',
    '\x7f',
    '\x80',
    ' folded\r\n',
    'Expect: x\r\n',
  ],
];

/** Mostly valid requests with a few pieces inserted, doubled or dropped. */
function randomRequest(random: () => number): string {
  const pieces = [
    'POST ',
    '/t/a?b',
    ' HTTP/1.1',
    '\r\n',
    'Host: a\r\n',
    'X: 1\r\n',
    'Content-Length: 2\r\n',
    '\r\n',
    'ab',
  ];
  const pick = (count: number) => Math.floor(random() * count);
  for (let changes = pick(4); changes > 0; changes -= 1) {
    const at = pick(pieces.length);
    if (pick(3) === 0) pieces.splice(at, 1);
    else pieces.splice(at, pick(2), PIECES[pick(PIECES.length)] as string);
  }
  return pieces.join('');
}

interface Parsed {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: object;
  readonly body: string;
}

const incoming = createServer({ requireHostHeader: false });
let onParsed: (parsed: Parsed) => void = () => undefined;
incoming.on('request', ({ method, url, headers }: IncomingMessage, response) => {
  const request = response.req;
  let body = '';
  request.setEncoding('latin1').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => onParsed({ method, url, headers, body }));
});
incoming.on('clientError', () => undefined);

/** What Node reads from these bytes: the first request, if it is complete. */
async function parsedByNode(text: string): Promise<Parsed | undefined> {
  let parsed: Parsed | undefined;
  onParsed = (one) => {
    parsed ??= one;
  };
  const connection = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  incoming.emit(
    'connection',
    connection.on('error', () => undefined),
  );
  connection.push(Buffer.from(text, 'latin1'));
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  connection.destroy();
  return parsed;
}

it('reads nothing that Node reads in another way', async () => {
  let seed = 20_261;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  let whole = 0;
  for (let round = 0; round < 1_500; round += 1) {
    const text = randomRequest(random);
    const result = read(text);
    if (result.state !== 'whole') continue;
    whole += 1;
    const { method, url, headers, takeBytes } = result.request;
    const own = { method, url, headers: { ...headers }, body: takeBytes().toString('latin1') };
    expect({ text, own }).toEqual({ text, own: await parsedByNode(text) });
    // The bytes after it are another request.
    expect(await parsedByNode(text.slice(0, result.end))).toEqual(own);
  }
  expect(whole).toBeGreaterThan(150);
});
