import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMetrics } from '../src/metrics/metrics.js';
import { createStalledAnswers, type StalledAnswers } from '../src/server/stalled-answers.js';
import { logLines } from './log-lines.js';

const TIMEOUT_MS = 10_000;
const queuedOf = (socket: Socket) =>
  (socket as unknown as { _handle: { writeQueueSize: number } })._handle.writeQueueSize;
/** More bytes than the system buffers for one connection. */
const LARGE = Buffer.alloc(64 * 2 ** 20);

describe('a response that is not read', () => {
  const { logger, lines } = logLines();
  let server: Server;
  let sockets: Set<Socket>;
  let clients: Socket[];
  let stalled: StalledAnswers;
  let metrics: ReturnType<typeof createMetrics>;

  beforeEach(async () => {
    sockets = new Set();
    clients = [];
    lines.length = 0;
    metrics = createMetrics('test');
    stalled = createStalledAnswers(() => sockets, TIMEOUT_MS, metrics, logger);
    server = createServer((socket) => {
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      sockets.add(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const socket of [...clients, ...sockets]) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  /** Both ends of a connection. */
  async function open(): Promise<{ client: Socket; socket: Socket }> {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    client.on('error', () => undefined);
    clients.push(client);
    const [socket] = (await once(server, 'connection')) as [Socket];
    return { client, socket };
  }

  /** Resolves when the buffers of the system are full. */
  async function untilStuck(socket: Socket): Promise<void> {
    for (let before = -1, turns = 0; turns < 100; turns = queuedOf(socket) === before ? turns + 1 : 0) {
      before = queuedOf(socket);
      await nextTurn();
    }
  }

  it.each([
    ['one large write', [LARGE]],
    ['many small ones', Array.from({ length: 1_024 }, () => LARGE.subarray(0, 65_536))],
  ])('is ended after the timeout, not earlier: %s', async (_what, pieces) => {
    const { socket } = await open();
    for (const piece of pieces) socket.write(piece);
    await untilStuck(socket);
    stalled.check(1_000);
    // A longer queue of responses is no progress.
    socket.write('more');
    stalled.check(1_000 + TIMEOUT_MS - 1);
    expect([socket.destroyed, lines]).toEqual([false, []]);
    stalled.check(1_000 + TIMEOUT_MS);
    expect(socket.destroyed).toBe(true);
    expect(await metrics.registry.metrics()).toContain('http_answers_cut_off_total{service="test"} 1');
    expect(lines).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ event: 'http.answer_cut_off' }) }),
    ]);
  });

  it('is kept while the client slowly reads it', async () => {
    const { client, socket } = await open();
    socket.write(LARGE);
    await untilStuck(socket);
    let now = 0;
    stalled.check(now);
    for (const _ of Array.from({ length: 4 })) {
      const left = socket.writableLength;
      const before = queuedOf(socket);
      while (queuedOf(socket) === before) {
        client.read();
        await nextTurn();
      }
      // Node reports only completed writes.
      expect(socket.writableLength).toBe(left);
      now += TIMEOUT_MS - 1;
      stalled.check(now);
    }
    expect(socket.destroyed).toBe(false);
    stalled.check(now + TIMEOUT_MS);
    expect(socket.destroyed).toBe(true);
  });

  it('is counted per connection and logged once a minute', async () => {
    const all = [await open(), await open(), await open()];
    for (const { socket } of all) socket.write(LARGE);
    for (const { socket } of all) await untilStuck(socket);
    const idle = await open();
    stalled.check(0);
    stalled.check(TIMEOUT_MS);
    expect(all.map(({ socket }) => socket.destroyed)).toEqual([true, true, true]);
    expect(idle.socket.destroyed).toBe(false);
    expect(await metrics.registry.metrics()).toContain('http_answers_cut_off_total{service="test"} 3');
    expect(lines).toHaveLength(1);
  });
});
