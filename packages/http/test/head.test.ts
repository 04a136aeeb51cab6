import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { linesOf, listOf, writeHead } from '../src/head.js';

const LINES = ['X-Request-ID', 'r1', 'RateLimit', '"events"; r=9; t=60'];
const LIST = ['Content-Type', 'text/plain', 'Content-Length', '2'];

type Write = (response: ServerResponse) => void;
const byLines: Write = (response) => writeHead(response, 202, linesOf(LINES), LIST);
const byNode: Write = (response) => response.writeHead(202, [...LINES, ...LIST]);

/** The bytes of a response, without the Date. */
async function sent(request: string, write: Write): Promise<string> {
  const server = createServer((_request, response) => {
    write(response);
    response.end('ok');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.end(request);
  const bytes = await text(client);
  server.close();
  return bytes.replace(/^Date: .*\r\n/m, '');
}

test('a head of lines has the bytes of writeHead', async () => {
  for (const start of ['GET / HTTP/1.1', 'HEAD / HTTP/1.1', 'GET / HTTP/1.0']) {
    const request = `${start}\r\nHost: a\r\n\r\n`;
    const bytes = await sent(request, byLines);
    expect(bytes).toBe(await sent(request, byNode));
    expect(bytes).toMatch(/^HTTP\/1\.1 202 Accepted\r\nX-Request-ID: r1\r\n/);
  }
});

test('headers that were set before are sent with the lines', async () => {
  const bytes = await sent('GET / HTTP/1.1\r\nHost: a\r\n\r\n', (response) => {
    response.setHeader('Connection', 'close');
    byLines(response);
  });
  const head = bytes.split('\r\n');
  expect(head).toEqual(
    expect.arrayContaining(['Connection: close', 'X-Request-ID: r1', 'RateLimit: "events"; r=9; t=60']),
  );
  expect(head.filter((line) => line.startsWith('Connection'))).toHaveLength(1);
});

test('lines and lists have the same headers', () => {
  expect(listOf(linesOf(LINES))).toEqual(LINES);
  expect(listOf(linesOf(['Location', 'https://a.example/?b=c: d']))).toEqual(['Location', 'https://a.example/?b=c: d']);
  expect(listOf('')).toEqual([]);
});

test('Node checks the headers of the list', async () => {
  let refused: unknown;
  await sent('GET / HTTP/1.1\r\nHost: a\r\n\r\n', (response) => {
    try {
      writeHead(response, 202, '', ['Location', 'a\r\nSet-Cookie: b']);
    } catch (error) {
      refused = error;
    }
  });
  expect(refused).toMatchObject({ code: 'ERR_INVALID_CHAR' });
});
