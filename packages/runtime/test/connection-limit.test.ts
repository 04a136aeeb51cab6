import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { loadConfig } from '../src/config/config.js';
import { type ServerConfig, serverVariables } from '../src/config/variables.js';
import { createMetrics, type Metrics } from '../src/metrics/metrics.js';
import { createShutdown, type Shutdown } from '../src/process/shutdown.js';
import { listen } from '../src/server/server.js';
import { healthy } from './healthy.js';
import { logLines } from './log-lines.js';

const PROXY = '127.0.0.99';
const config = loadConfig<ServerConfig>(
  { HTTP_HOST: '127.0.0.1', HTTP_MAX_CONNECTIONS: '5', HTTP_MAX_CONNECTIONS_PER_ADDRESS: '3' },
  serverVariables(0),
);

let port: number;
let metrics: Metrics;
let shutdown: Shutdown;
let log: ReturnType<typeof logLines>;
const opened: Socket[] = [];

/** Answers every path except /hang, whose requests stay open. */
beforeEach(async () => {
  log = logLines();
  metrics = createMetrics('test');
  shutdown = createShutdown(log.logger);
  const handler: Parameters<typeof listen>[0]['handler'] = (request, response) => {
    if (request.url !== '/hang') response.end('ok');
  };
  const ownerOf = ({ remoteAddress }: Socket) => (remoteAddress === PROXY ? undefined : remoteAddress);
  port = await listen({ handler, config, logger: log.logger, metrics, health: healthy(), ownerOf }, shutdown);
});

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await shutdown.run();
});

async function open(localAddress: string, text = ''): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  opened.push(socket);
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

async function isServed(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return false;
  const outcome = Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
  if (socket.writable) socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  return outcome;
}

async function metric(name: string): Promise<number> {
  const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${name}{`));
  return Number(line?.split(' ')[1]);
}

async function untilOpen(count: number): Promise<void> {
  while ((await metric('http_connections')) !== count) await nextTurn();
}

const eventsNamed = (name: string) => log.lines.filter(({ fields }) => fields.event === name);

it('closes connections beyond the share of an address, and serves other addresses', async () => {
  const held = await Promise.all([open('127.0.0.2'), open('127.0.0.2'), open('127.0.0.2')]);
  await untilOpen(3);
  for (const further of [await open('127.0.0.2'), await open('127.0.0.2')]) expect(await isServed(further)).toBe(false);
  expect(await metric('http_connections_refused_total')).toBe(2);
  expect(eventsNamed('http.address_refused').map(({ fields }) => fields)).toEqual([
    { event: 'http.address_refused', limit: 3 },
  ]);
  expect(await isServed(await open('127.0.0.3'))).toBe(true);
  expect(await isServed(held[0] as Socket)).toBe(true);

  held[1]?.destroy();
  await untilOpen(3);
  expect(await isServed(await open('127.0.0.2'))).toBe(true);
});

it('while the server is full, a new address replaces idle and half-sent connections of the address with the most connections', async () => {
  const busy = await open('127.0.0.2', 'GET /hang HTTP/1.1\r\nHost: a\r\n\r\n');
  await untilOpen(1);
  const halfHeaders = await open('127.0.0.2', 'GET / HTTP/1.1\r\nHost: a\r\n');
  await untilOpen(2);
  const halfBody = await open('127.0.0.2', 'POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx');
  const others = [await open('127.0.0.3'), await open('127.0.0.4')];
  await untilOpen(5);

  expect(await isServed(await open('127.0.0.5'))).toBe(true);
  expect(await isServed(halfHeaders)).toBe(false);
  expect(await isServed(await open('127.0.0.6'))).toBe(true);
  expect(await isServed(halfBody)).toBe(false);
  expect(await metric('http_connections_replaced_total')).toBe(2);

  // Each address holds one connection now.
  expect(await isServed(await open('127.0.0.7'))).toBe(false);
  expect(await metric('http_connections_refused_total')).toBe(1);
  expect(eventsNamed('http.connections_refused')).toHaveLength(1);
  expect(busy.destroyed).toBe(false);
  for (const other of others) expect(await isServed(other)).toBe(true);
});

it('keeps the requests that a full server works on', async () => {
  const hanging = 'GET /hang HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const address of ['127.0.0.2', '127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3']) await open(address, hanging);
  await untilOpen(5);
  expect(await isServed(await open('127.0.0.4'))).toBe(false);
  expect(await metric('http_connections')).toBe(5);
});

it('exempts trusted proxies from the share, and counts them for the whole', async () => {
  const connections: Socket[] = [];
  for (let count = 0; count < 5; count += 1) connections.push(await open(PROXY));
  await untilOpen(5);
  expect(await isServed(await open(PROXY))).toBe(false);
  expect(await isServed(await open('127.0.0.2'))).toBe(false);
  for (const connection of connections) expect(await isServed(connection)).toBe(true);
});
