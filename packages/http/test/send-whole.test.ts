import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { sendWhole } from '../src/send-whole.js';

let close = (): void => undefined;
afterEach(() => close());

/** Sends the text, starts reading after 100 ms, and returns everything up to the end of the connection. */
async function exchange(text: string, handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  close = () => server.close();
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(text);
  await sleep(100);
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
}

const answer = (response: ServerResponse, body: string) => {
  response.writeHead(202, ['Content-Length', String(body.length), 'X-Body', body.slice(0, 5)]);
  sendWhole(response, body, 'latin1');
};

test('responses are sent in the order of their requests, whichever is ready first', async () => {
  const waiting: ServerResponse[] = [];
  const text = 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const parts = await exchange(text, (_request, response) => {
    if (waiting.push(response) < 2) return;
    answer(waiting[1] as ServerResponse, 'second');
    setImmediate(() => answer(waiting[0] as ServerResponse, 'first'));
  });
  expect(parts).toEqual([
    expect.stringContaining('X-Body: first'),
    expect.stringMatching(/^firstHTTP.*X-Body: secon/s),
    'second',
  ]);
});

test('a response that the socket cannot send at once arrives complete, and finishes after it was sent', async () => {
  const body = 'x'.repeat(20_000_000);
  let finishedAtOnce: boolean | undefined;
  const [, received = ''] = await exchange(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    (_request, response) => {
      answer(response, body);
      setImmediate(() => {
        finishedAtOnce = response.writableFinished;
      });
    },
  );
  expect([received.length, finishedAtOnce]).toEqual([body.length, false]);
});

test('the response to HEAD has no body', async () => {
  const text = 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const parts = await exchange(text, (_request, response) => answer(response, 'body'));
  expect(parts).toEqual([expect.stringContaining('Content-Length: 4'), '']);
});

test('head and body are one chunk for the socket', async () => {
  const pieces: unknown[] = [];
  await exchange('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', (_request, response) => {
    const { socket } = response;
    if (socket === null) return;
    const { _write: writeOne, _writev: writeMany } = socket;
    socket._write = (chunk, ...rest) => {
      pieces.push(chunk);
      writeOne.call(socket, chunk, ...rest);
    };
    socket._writev = (chunks, done) => {
      pieces.push(...chunks.map(({ chunk }) => chunk));
      writeMany?.call(socket, chunks, done);
    };
    answer(response, 'body');
  });
  expect(pieces).toEqual([expect.stringMatching(/^HTTP.*body$/s)]);
});
