import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { waitFor } from '@ads/local';
import { createMetrics } from '@ads/runtime';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createAdmissions } from '../src/admissions.js';
import { createStreaming, type Streamed } from '../src/streaming.js';
import { quiet } from './stores.js';

const ends: (() => unknown)[] = [];
afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

/** Serves one streamed answer, one at a time. */
async function serve(open: Streamed['open'], { timeoutMs = 60_000, most = 1, isAdmitted = (): boolean => true } = {}) {
  const events: string[] = [];
  const log = (_message: string, { event }: { event: string }) => void events.push(event);
  const logger = { ...quiet, info: log, warn: log, error: log };
  const admissions = createAdmissions();
  ends.push(admissions.stop);
  const stream = createStreaming({ most, timeoutMs, admissions, metrics: createMetrics('test'), logger });
  const thrown: unknown[] = [];
  const server = createServer(({ url = '' }, response) => {
    const [, kind = '', client = ''] = url.split('/');
    stream[kind === 'reports' ? kind : 'events'](response, { headers: {}, client, isAdmitted, open }).catch(
      (error: unknown) => {
        thrown.push(error);
        response.writeHead(503).end();
      },
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return { port: (server.address() as AddressInfo).port, events, thrown };
}

/** @returns the status and the body; undefined for a body that ends early */
async function ask(port: number, path = ''): Promise<[status: number, text: string | undefined]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text().catch(() => undefined)];
}

const never = (signal: AbortSignal) => once(signal, 'abort');

describe('a streamed answer', () => {
  it('has all parts', async () => {
    const { port } = await serve(async () =>
      (async function* () {
        yield* ['one ', 'two'];
      })(),
    );
    expect(await ask(port)).toEqual([200, 'one two']);
  });

  it('ends with a broken connection if a part cannot be read, so that it is never taken for whole', async () => {
    const { port, events } = await serve(async () =>
      (async function* () {
        yield 'one ';
        throw new Error('the rest is missing');
      })(),
    );
    expect(await ask(port)).toEqual([200, undefined]);
    expect(events).toEqual(['export.failed']);
  });

  it('ends with a broken connection after the longest time', async () => {
    const { port, events } = await serve(
      async (signal) =>
        (async function* () {
          yield 'one ';
          await never(signal);
          yield 'two';
        })(),
      { timeoutMs: 50 },
    );
    expect(await ask(port)).toEqual([200, undefined]);
    expect(events).toEqual(['export.timed_out']);
  });

  it.each(['that its client does not read', 'whose rows take long'])('ends with its key: one %s', async (which) => {
    let parts = 0;
    const { port, events } = await serve(
      async (signal) =>
        (async function* () {
          yield 'one';
          parts += 1;
          if (which === 'whose rows take long') await never(signal);
          while (true) yield 'x'.repeat(100_000);
        })(),
      { isAdmitted: () => parts === 0 },
    );
    const [response] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage];
    const closed = new Promise((resolve) => response.on('error', resolve));
    await waitFor(() => events.length > 0, { timeoutMs: 5_000, what: 'the end of the answer' });
    response.resume();
    await closed;
    expect([response.complete, events]).toEqual([false, ['export.key_ended']]);
  });

  it('is refused over HTTP/1.0, where the end of the connection is the end of the answer', async () => {
    const { port, thrown } = await serve(async () => (async function* () {})());
    const socket = connect(port, '127.0.0.1').resume();
    socket.write('GET / HTTP/1.0\r\n\r\n');
    await once(socket, 'end');
    expect(thrown).toEqual([expect.objectContaining({ status: 400, message: 'An export needs HTTP/1.1.' })]);
  });

  it('is an error of its own if nothing could be read, or if too many answers are in progress', async () => {
    let calls = 0;
    let aborted = false;
    const { port, thrown } = await serve(async (signal) => {
      calls += 1;
      if (calls === 2) throw new Error('no rows');
      await never(signal);
      aborted = true;
      return (async function* () {})();
    });
    const first = get({ port, host: '127.0.0.1' }).on('error', () => undefined);
    await once(first, 'socket');
    while (calls === 0) await new Promise(setImmediate);
    expect(await ask(port)).toEqual([503, '']);
    expect(thrown).toEqual([expect.objectContaining({ status: 503, headers: { 'Retry-After': '5' } })]);
    // The signal of the first request aborts when its client has gone, which frees its place.
    first.destroy();
    while (!aborted) await new Promise(setImmediate);
    expect(await ask(port)).toEqual([503, '']);
    expect(thrown[1]).toEqual(new Error('no rows'));
  });

  it('of a report leaves places to other clients, and to the exports of events', async () => {
    let calls = 0;
    const waiting = async (signal: AbortSignal) => {
      calls += 1;
      if (calls > 2) return (async function* () {})();
      await never(signal);
      return (async function* () {})();
    };
    const { port } = await serve(waiting, { most: 4 });
    for (const path of ['/reports/a', '/reports/a']) {
      const request = get({ port, host: '127.0.0.1', path }).on('error', () => undefined);
      ends.push(() => request.destroy());
    }
    while (calls < 2) await new Promise(setImmediate);
    expect((await ask(port, '/reports/a'))[0]).toBe(503);
    expect((await ask(port, '/reports/b'))[0]).toBe(200);
    expect((await ask(port, '/events/a'))[0]).toBe(200);
  });
});
