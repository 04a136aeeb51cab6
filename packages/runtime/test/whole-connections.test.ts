import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ServerConfig } from '../src/config/variables.js';
import { createMetrics, type Metrics } from '../src/metrics/metrics.js';
import { createShutdown, type Shutdown } from '../src/process/shutdown.js';
import type { Reply } from '../src/server/reply.js';
import { listen } from '../src/server/server.js';
import { WholeConnection } from '../src/server/whole-connection.js';
import type { WholeRequest } from '../src/server/whole-request.js';
import { healthy } from './healthy.js';
import { logLines } from './log-lines.js';

const config: ServerConfig = {
  HTTP_HOST: '127.0.0.1',
  HTTP_PORT: 0,
  HTTP_KEEP_ALIVE_TIMEOUT_MS: 1_000,
  HTTP_HEADERS_TIMEOUT_MS: 1_000,
  HTTP_REQUEST_TIMEOUT_MS: 30_000,
  HTTP_SEND_TIMEOUT_MS: 1_000,
  HTTP_MAX_CONNECTIONS: 100,
  HTTP_MAX_CONNECTIONS_PER_ADDRESS: 100,
  SHUTDOWN_GRACE_SECONDS: 25,
};

let shutdown: Shutdown;
let metrics: Metrics;
let port: number;
/** The requests that wait for their answers. */
let waiting: { readonly request: WholeRequest; readonly reply: Reply }[];
const opened: Socket[] = [];

const LINES = 'X-Way: whole\r\n';

function answer({ request, reply }: (typeof waiting)[number], text = request.url): void {
  reply.send(200, LINES, ['Content-Length', String(text.length)], text, 'latin1');
}

/** `/now…` is answered at once, `/later…` by the test, and everything else by the ordinary handler. */
beforeEach(async () => {
  const { logger } = logLines();
  shutdown = createShutdown(logger);
  metrics = createMetrics('test');
  waiting = [];
  port = await listen(
    {
      handler: (request, response) => {
        request.resume().on('end', () => response.setHeader('X-Way', 'node').end(request.url));
      },
      wholeHandler(request, reply) {
        if (request.url.startsWith('/now')) answer({ request, reply });
        else if (request.url.startsWith('/later')) waiting.push({ request, reply });
        else return false;
        return true;
      },
      config,
      logger,
      metrics,
      health: healthy(),
      ownerOf: () => undefined,
    },
    shutdown,
  );
});

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await shutdown.run();
});

interface Client {
  readonly socket: Socket;
  /** Everything that was received. */
  text: string;
}

async function open(): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  opened.push(socket);
  const client: Client = { socket, text: '' };
  socket.setNoDelay().on('error', () => undefined);
  socket.on('data', (chunk) => {
    client.text += chunk.toString('latin1');
  });
  await once(socket, 'connect');
  return client;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

const get = (path: string, lines = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const bodiesOf = ({ text }: Client) =>
  [...text.matchAll(/X-Way: (\w+).*?\r\n\r\n(\/[a-z]+\d?)/gs)].map(([, way, body]) => `${way} ${body}`);

it('answers with the head of Node: Date, Connection and Keep-Alive', async () => {
  const client = await open();
  client.socket.write(get('/now'));
  await until(() => client.text.includes('\r\n\r\n/now'));
  expect(client.text.replace(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/m, 'Date\r').split('\r\n')).toEqual([
    ...[
      'HTTP/1.1 200 OK',
      'X-Way: whole',
      'Content-Length: 4',
      'Date',
      'Connection: keep-alive',
      'Keep-Alive: timeout=1',
    ],
    ...['', '/now'],
  ]);
});

it('answers requests that arrive together in their order, also those that wait', async () => {
  const client = await open();
  client.socket.write(get('/now1') + get('/later2') + get('/now3') + get('/later4') + get('/now5'));
  await until(() => bodiesOf(client).length === 1);
  expect(waiting).toHaveLength(1);
  answer(waiting[0] as (typeof waiting)[number]);
  await until(() => bodiesOf(client).length === 3);
  expect(waiting).toHaveLength(2);
  answer(waiting[1] as (typeof waiting)[number]);
  await until(() => bodiesOf(client).length === 5);
  expect(bodiesOf(client)).toEqual(['/now1', '/later2', '/now3', '/later4', '/now5'].map((path) => `whole ${path}`));
});

it('answers every request once, wherever the bytes are cut', async () => {
  const post = 'POST /now3 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET ';
  const text = get('/now1') + post + get('/node2', 'X-Long: 1\r\n') + get('/now4') + get('/later5');
  const paths = ['/now1', '/now3', '/node2', '/now4', '/later5'];
  for (let cut = 1; cut < text.length; cut += 3) {
    const client = await open();
    client.socket.write(text.slice(0, cut));
    await nextTurn();
    client.socket.write(text.slice(cut));
    // After the first ordinary request, Node's parser reads the rest.
    await until(() => bodiesOf(client).length === 5 || waiting.length > 0);
    for (const one of waiting.splice(0)) answer(one);
    await until(() => bodiesOf(client).length === 5);
    expect(bodiesOf(client).map((line) => line.split(' ')[1])).toEqual(paths);
    client.socket.destroy();
  }
});

it('leaves a head that takes too many packets to Node', async () => {
  const client = await open();
  for (const piece of ['GET /now HTTP/1.1\r\n', 'Host: a\r\n', 'X: 1\r\n', 'Y: 1\r\n', '\r\n']) {
    client.socket.write(piece);
    await nextTurn();
    await nextTurn();
  }
  await until(() => bodiesOf(client).length === 1);
  expect(bodiesOf(client)).toEqual(['node /now']);
});

it('leaves a head whose rest takes too long to Node', async () => {
  const handedOver: string[] = [];
  const socket = new Duplex({ read: () => undefined }) as Socket;
  const connection = new WholeConnection(socket, {
    handler: () => false,
    keepAliveMs: 1_000,
    firstRequestMs: 1_000,
    keepAliveLines: '',
    isDraining: () => false,
    refuse: () => undefined,
    handOver: (bytes) => void handedOver.push(String(bytes)),
  });
  socket.push('GET /');
  await nextTurn();
  const now = performance.now();
  connection.check(now + 400);
  expect(handedOver).toEqual([]);
  connection.check(now + 501);
  expect(handedOver).toEqual(['GET /']);
});

it('closes a connection that sends nothing: with 408 before its first request, silently after an answer', async () => {
  const [fresh, used] = [await open(), await open()];
  used.socket.write(get('/now'));
  await Promise.all([once(fresh.socket, 'end'), once(used.socket, 'close')]);
  expect(fresh.text).toMatch(/^HTTP\/1\.1 408 .*"request_timeout"/s);
  expect(bodiesOf(used)).toEqual(['whole /now']);
});

it('tells that the client has left before the answer, and sends nothing then', async () => {
  const client = await open();
  client.socket.write(get('/later'));
  await until(() => waiting.length === 1);
  const { request, reply } = waiting[0] as (typeof waiting)[number];
  let closed = 0;
  reply.onClose(() => {
    closed += 1;
  });
  client.socket.destroy();
  await until(() => closed > 0);
  answer({ request, reply });
  expect([closed, reply.isSent]).toEqual([1, false]);
});

it('sends what is ready to a client that has ended its half of the connection, then closes', async () => {
  const client = await open();
  client.socket.end(get('/now1') + get('/later2'));
  await once(client.socket, 'close');
  expect(bodiesOf(client)).toEqual(['whole /now1']);

  const half = await open();
  half.socket.end('GET /now HTTP/1.1\r\nHo');
  await once(half.socket, 'close');
  expect(half.text).toMatch(/^HTTP\/1\.1 400 /);
});

it('answers open requests with Connection: close when it drains, and closes idle connections', async () => {
  const [idle, busy] = [await open(), await open()];
  idle.socket.write(get('/now'));
  busy.socket.write(get('/later1') + get('/later2'));
  await until(() => waiting.length === 1 && idle.text !== '');
  const stopped = shutdown.run();
  await once(idle.socket, 'close');
  expect(busy.socket.readableEnded).toBe(false);
  answer(waiting[0] as (typeof waiting)[number]);
  await Promise.all([stopped, once(busy.socket, 'close')]);
  expect(busy.text).toMatch(/Connection: close\r\n\r\n\/later1$/);
  // A client sends the requests after the last answer again.
  expect(waiting).toHaveLength(1);
});

it('reads no further request of a client that does not read its answers, and closes its connection', async () => {
  const socket = connect(port, '127.0.0.1')
    .pause()
    .on('error', () => undefined);
  opened.push(socket);
  const requests = get('/now'.padEnd(4_000, 'x')).repeat(10);
  let written = 0;
  // Without a bound the server would take all of it.
  while (!socket.destroyed && written < 200_000_000 && socket.writableLength < 1_000_000) {
    socket.write(requests);
    written += requests.length;
    await nextTurn();
  }
  expect(socket.writableLength).toBeGreaterThan(500_000);
  const cutOff = async () =>
    (await metrics.registry.getSingleMetricAsString('http_answers_cut_off_total')).split(' ').at(-1);
  while ((await cutOff()) !== '1') await nextTurn();
});

it('sends no header with control characters', async () => {
  const client = await open();
  client.socket.write(get('/later'));
  await until(() => waiting.length === 1);
  const { reply } = waiting[0] as (typeof waiting)[number];
  expect(() => reply.send(302, '', ['Location', 'a\r\nSet-Cookie: b'], '', 'latin1')).toThrow(
    'Invalid character in header',
  );
});
