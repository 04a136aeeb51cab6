import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connectionOwner, createAccess, createApi } from '@ads/http';
import { waitFor } from '@ads/local';
import {
  createHealth,
  createMetrics,
  createShutdown,
  DependencyUnavailable,
  type HttpConfig,
  httpVariables,
  type LogFields,
  listen,
  loadConfig,
  managementEndpoints,
} from '@ads/runtime';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type LiveData, openLiveReader } from '../../../infra/harness/src/players/live-reader.js';
import { createAdmissions } from '../src/admissions.js';
import { type Counters, toWindows } from '../src/counters.js';
import { liveHandler } from '../src/live/live-handler.js';
import { type EndReason, LiveStream } from '../src/live/live-stream.js';
import { createLiveStreams } from '../src/live/live-streams.js';
import { createAllAdsReader } from '../src/live/read-all-ads.js';
import { quiet } from './stores.js';

const ends: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(ends.map((end) => end())));

function counters(adId: string, clicks: number, lastMinute = 0): Counters {
  const windows = { clicks: toWindows([lastMinute, 0, 0, 0, 0]), impressions: toWindows([0, 0, 0, 0, 0]) };
  return { adId, clicks, impressions: 4 * clicks, lastSecond: { clicks: 1, impressions: 2 }, windows };
}

/** Analytics with live streams only. `counts` is what a store answers. */
async function serve({ maxStreams = 100 } = {}) {
  const config = loadConfig<HttpConfig>({ HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', TRUST_PROXY: '1' }, httpVariables(0));
  const lines: LogFields[] = [];
  const logger = { ...quiet, info: (_message: string, fields: LogFields = {}) => void lines.push(fields) };
  const metrics = createMetrics('test');
  const store = {
    isAway: false,
    ledger: 'ledger-1',
    source: 'redis' as 'redis' | 'postgres',
    clicks: 10,
    reads: [] as (readonly string[])[],
  };
  const readSome = async (adIds: readonly string[]) => {
    store.reads.push(adIds);
    if (store.isAway) throw new DependencyUnavailable('postgres', new Error('ECONNREFUSED'));
    const { source, clicks } = store;
    return { source, counters: adIds.map((adId, place) => counters(adId, clicks, place)), time: Date.now() };
  };
  const ids = ['ad-001', 'ad-002', 'ad-003'];
  const catalogue = {
    ids: () => ids,
    size: () => ids.length,
    isLoaded: () => true,
    find: async (adId: string) => (ids.includes(adId) ? ('known' as const) : ('unknown' as const)),
  };
  const unused = async (): Promise<never> => {
    throw new Error('a catalogue with ids needs no ranking');
  };
  const admissions = createAdmissions();
  ends.push(admissions.stop);
  const streams = createLiveStreams({
    admissions,
    maxStreams,
    readSome,
    createAllAdsReader: () =>
      createAllAdsReader({
        catalogue,
        readSome,
        readAll: () => readSome(ids),
        rank: unused,
        database: { query: unused },
        now: Date.now,
      }),
    ledger: () => store.ledger,
    now: Date.now,
    metrics,
    logger,
  });
  const health = createHealth({
    service: 'test',
    version: '1',
    description: '',
    dependencies: {},
    status: () => 'healthy',
    ready: () => true,
  });
  const api = createApi({
    config,
    logger,
    metrics,
    managementEndpoints: managementEndpoints({ health, metrics }),
    access: createAccess({ READ_ACCESS: 'public' }, () => ({ state: 'unknown' })),
    routes: (router) =>
      router.get(
        '/live-analytics',
        liveHandler(catalogue, () => catalogue, streams),
      ),
  });
  const shutdown = createShutdown(quiet);
  const port = await listen({ ...api, config, logger, metrics, health, ownerOf: connectionOwner(config) }, shutdown);
  shutdown.add('live streams', streams.close);
  ends.push(shutdown.run);
  return {
    url: `http://127.0.0.1:${port}/live-analytics`,
    store,
    lines,
    stop: shutdown.run,
    metric: async (name: string) => (await metrics.registry.getSingleMetricAsString(name)).split('\n').slice(2),
  };
}

describe('a live stream', () => {
  it.concurrent('sends the state at once, then each change, and never lower totals', async () => {
    const { url, store } = await serve();
    const reader = await openLiveReader(`${url}?ad_id=ad-002&ad_id=ad-001&ad_id=ad-002`, { 'Last-Event-ID': '1' });
    const first = await reader.until(() => true, 'the first state');
    const lastSecond = { clicks: 1, impressions: 2 };
    expect(first).toEqual({
      id: String(Date.parse(first.data.time)),
      name: 'message',
      data: {
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        source: 'redis',
        ads: [
          { ad_id: 'ad-002', total_clicks: 10, impressions: 40, ctr: 0.25, last_second: lastSecond },
          { ad_id: 'ad-001', total_clicks: 10, impressions: 40, ctr: 0.25, last_second: lastSecond },
        ],
      },
    });
    const two = store.reads.length + 2;
    await waitFor(() => store.reads.length >= two, { timeoutMs: 10_000, what: 'two reads' });
    expect(reader.events).toEqual([first]);
    expect(reader.otherLines).toEqual([expect.stringMatching(/^retry: [12]\d{3}$/)]);

    // Postgres is ahead of Redis until a batch is raised.
    Object.assign(store, { source: 'postgres', clicks: 12 });
    await reader.until(({ data }) => totalOf(data) === 12, 'the change');
    Object.assign(store, { source: 'redis', clicks: 11 });
    const last = await reader.until(
      ({ data }) => data.source === 'redis' && totalOf(data) !== 10,
      'the answer of Redis',
    );
    expect(totalOf(last.data)).toBe(12);
    reader.close();
  });

  it.concurrent('stays open while no store answers, and says so once', async () => {
    const { url, store } = await serve();
    const reader = await openLiveReader(`${url}?ad_id=ad-001`);
    await reader.until(() => true, 'the first state');
    store.isAway = true;
    await reader.until(({ name }) => name === 'unavailable', 'the event');
    const late = await openLiveReader(url);
    await late.until(({ name }) => name === 'unavailable', 'the event in a new stream');
    store.isAway = false;
    await waitFor(() => reader.events.length === 3 && late.events.length === 2, {
      timeoutMs: 10_000,
      what: 'both streams to continue',
    });
    expect(reader.events.map(({ name }) => name)).toEqual(['message', 'unavailable', 'message']);
    expect(late.events.at(-1)?.data).toMatchObject({
      all: { total_ads: 3, total_clicks: 30, impressions: 120, last_second: { clicks: 3, impressions: 6 } },
      ads: [{ ad_id: 'ad-003' }, { ad_id: 'ad-002' }, { ad_id: 'ad-001' }],
    });
    for (const one of [reader, late]) one.close();
  });

  it.concurrent('shares one read per second with all others, each ad once', async () => {
    const { url, store } = await serve();
    const queries = ['ad_id=ad-001', 'ad_id=ad-001', 'ad_id=ad-002', 'ad_id=ad-001&ad_id=ad-002'];
    const readers = await Promise.all(queries.map((query) => openLiveReader(`${url}?${query}`)));
    await Promise.all(readers.map((reader) => reader.until(() => true, 'the first state')));
    store.reads.length = 0;
    store.clicks = 20;
    await Promise.all(readers.map((reader) => reader.until(({ data }) => totalOf(data) === 20, 'the change')));
    expect(store.reads.map((adIds) => [...adIds].sort())).toEqual([['ad-001', 'ad-002']]);
    for (const reader of readers) reader.close();
  });

  it.concurrent('ends when the ledger changes, and is logged and counted once', async () => {
    const { url, store, lines, metric } = await serve();
    const reader = await openLiveReader(`${url}?ad_id=ad-001`, { 'X-Request-ID': 'one' });
    await reader.until(() => true, 'the first state');
    expect(await metric('live_streams')).toEqual(['live_streams{service="test"} 1']);
    store.ledger = 'ledger-2';
    await waitFor(() => reader.isEnded(), { timeoutMs: 10_000, what: 'the stream to end' });
    const ended = lines.filter(({ event }) => event === 'request.stream_ended');
    expect(ended).toEqual([expect.objectContaining({ request_id: 'one', reason: 'ledger_changed' })]);
    expect(ended[0]?.duration_ms).toBeGreaterThan(0);
    expect(await metric('live_streams')).toEqual(['live_streams{service="test"} 0']);
    expect(await metric('http_requests_total')).toEqual([
      'http_requests_total{method="GET",endpoint="/api/v1/live-analytics",status_code="200",service="test"} 1',
    ]);
  });

  it('beyond MAX_STREAMS is refused, or replaces the oldest one of a client that holds two more', async () => {
    const { url, metric } = await serve({ maxStreams: 2 });
    const from = (address: string) => openLiveReader(url, { 'X-Forwarded-For': address });
    const [oldest, second] = [await from('192.0.2.1'), await from('192.0.2.1')];
    const refused = await fetch(url, { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      503,
      '10',
      expect.objectContaining({ error: 'unavailable' }),
    ]);
    const other = await from('192.0.2.2');
    expect(other.status).toBe(200);
    await waitFor(() => oldest.isEnded(), { timeoutMs: 5_000, what: 'the oldest stream to end' });
    expect([second.isEnded(), (await from('192.0.2.3')).status]).toEqual([false, 503]);
    expect(await metric('live_streams_dropped_total')).toContain(
      'live_streams_dropped_total{reason="replaced",service="test"} 1',
    );
    second.close();
    other.close();
    await waitFor(async () => (await metric('live_streams'))[0]?.endsWith(' 0'), {
      timeoutMs: 5_000,
      what: 'the places to be free',
    });
  });

  it.each<[string, string, RequestInit, number]>([
    ['an unknown ad', '?ad_id=no-such-ad', {}, 404],
    ['an invalid ad id', '?ad_id=', {}, 400],
    ['an unknown parameter', '?ad=ad-001', {}, 400],
    ['50 ads', `?${'ad_id=ad-001&'.repeat(50)}`, { method: 'HEAD' }, 200],
    ['51 ads', `?${'ad_id=ad-001&'.repeat(51)}`, { method: 'HEAD' }, 400],
    ['a client of JSON', '', { headers: { Accept: 'application/json' } }, 406],
    ['a client of any text', '', { headers: { Accept: 'text/*' }, method: 'HEAD' }, 200],
    ['another method', '', { method: 'POST' }, 405],
  ])('is not opened for %s', async (_name, query, request, status) => {
    shared ??= serve();
    const { url, metric } = await shared;
    const answer = await fetch(`${url}${query}`, request);
    expect([answer.status, (await answer.text()) === '']).toEqual([status, request.method === 'HEAD']);
    expect(await metric('live_streams')).toEqual(['live_streams{service="test"} 0']);
  });
});

let shared: ReturnType<typeof serve> | undefined;

const totalOf = ({ ads }: LiveData): number | undefined => ads?.[0]?.total_clicks;

describe('the connection of a stream', () => {
  /** A stream over a real connection, with a clock of its own. */
  async function openStream() {
    const clock = { now: 0 };
    const reasons: EndReason[] = [];
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(async () => server.close());
    const asked = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    const stream = new LiveStream({
      response,
      onEnd: (reason) => reasons.push(reason),
      now: () => clock.now,
    });
    const [client] = (await once(asked, 'response')) as [IncomingMessage];
    client.on('error', () => undefined);
    return { stream, response, client, clock, reasons };
  }

  it('gets a heartbeat after 15 s without a message', async () => {
    const { stream, client, clock, response } = await openStream();
    let text = '';
    client.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await waitFor(() => text !== '' && response.writableLength === 0, { timeoutMs: 5_000, what: 'the first line' });
    clock.now = 14_999;
    stream.beat();
    await turn();
    expect(text).toMatch(/^retry: \d+\n\n$/);
    clock.now = 15_000;
    stream.beat();
    await waitFor(() => text.endsWith(': heartbeat\n\n'), { timeoutMs: 5_000, what: 'the heartbeat' });
    client.destroy();
  });

  it('holds one message at most, and is dropped 5 s after one that is not read', async () => {
    const { stream, response, clock, reasons } = await openStream();
    const message = 'x'.repeat(200_000);
    let made = 0;
    // The buffers of the system take some megabytes first.
    for (let state = 0; state < 500; state += 1) {
      stream.show(String(state), () => {
        made += 1;
        return message;
      });
      await turn();
    }
    expect(made).toBeLessThan(100);
    expect(response.writableLength).toBeGreaterThan(0);
    expect(response.writableLength).toBeLessThan(1.1 * message.length);
    clock.now = 4_999;
    stream.beat();
    expect(reasons).toEqual([]);
    clock.now = 5_000;
    stream.beat();
    expect([reasons, response.destroyed]).toEqual([['slow_reader'], true]);
  });
});
