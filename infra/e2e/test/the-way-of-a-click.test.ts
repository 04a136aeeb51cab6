import { readFileSync } from 'node:fs';
import { readLedger } from '@ads/harness';
import { openTestServers, waitFor } from '@ads/local';
import {
  type AdEvent,
  decodeEvents,
  EVENT_STREAM,
  EVENT_SUBJECT,
  epochKey,
  MARKS_STEM,
  minuteOf,
  minutesKey,
  secondOf,
  secondsKey,
  totalsKey,
  unpackBuckets,
  uuidv7,
} from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CollectedSpan, type Collector, openCollector } from './support/collector.js';
import { type Environment, openEnvironment, untilHealthy, untilTrusted } from './support/environment.js';
import { call, json } from './support/http.js';

/*
 * The way of a click, from POST to the answer of analytics. Read it from top to bottom: each test is one step, and checks the
 * server that the step changes. The servers and services are real.
 *
 *   player ─▶ ingest ─▶ NATS JetStream ─▶ consumer ─▶ Postgres ─▶ Redis ─▶ analytics ─▶ reader
 *
 * The consumer starts later, so that step 3 finds the message in the stream. OpenTelemetry traces every request, and step 9 reads the
 * trace.
 */

const AD = 'ad-001';
/** The player chooses the id. A UUIDv7 contains its time, which decides the partition of the row. */
const CLICK_ID = uuidv7(Date.now());

const testServers = openTestServers();
let environment: Environment;
let collector: Collector;
/** When the click happened, in milliseconds since the epoch: the time that ingest answers with. */
let occurredAt: number;

beforeAll(async () => {
  collector = await openCollector();
  testServers.onRelease(collector.close);
  environment = await openEnvironment(testServers, { ...(await testServers.database()), ...collector.env });
  await untilHealthy(environment);
  await untilTrusted(environment, AD);
  await environment.stack.consumer.stop();
});

afterAll(() => testServers.release());

/** The request of a player. Retries repeat it without any change. */
const report = () =>
  call(`${environment.stack.url}/api/v1/ads/click`, {
    method: 'POST',
    body: { ad_id: AD, click_id: CLICK_ID, video_play_time: 12.345 },
    // Clients do not choose what is traced, and in which trace.
    headers: { traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00` },
  });

test('1. a player reports a click, and ingest answers 202', async () => {
  const answer = await report();

  expect(answer.status).toBe(202);
  const body = json<{ timestamp: string }>(answer);
  expect(body).toEqual({
    message: 'Click recorded',
    click_id: CLICK_ID,
    ad_id: AD,
    timestamp: expect.any(String),
    processing: 'asynchronous',
  });
  // The player sent no timestamp, so this is the time of receipt, by the clock of Postgres.
  occurredAt = Date.parse(body.timestamp);
});

test('2. the 202 means that JetStream stores the event', async () => {
  // Ingest answered after the acknowledgement of JetStream. The message contains every event that arrived with it.
  const { data, header } = await environment.jetstream
    .manager()
    .streams.getMessage(EVENT_STREAM, { last_by_subj: EVENT_SUBJECT });

  const event: AdEvent = {
    kind: 'click',
    id: CLICK_ID,
    adId: AD,
    ip: '127.0.0.1',
    occurredAt,
    receivedAt: occurredAt,
    playTimeMs: 12_345,
  };
  expect(decodeEvents(data)).toEqual({ state: 'decoded', events: [event], rejected: [] });
  // No Nats-Msg-Id: the id of the event makes repetitions harmless (packages/models/decisions/0001-no-nats-msg-id.md).
  expect(header.has('Nats-Msg-Id')).toBe(false);
  // The consumer continues the trace of the request.
  expect(header.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test('3. the click is durable and not yet counted', async () => {
  expect(await environment.analytics(AD)).toMatchObject({ total_clicks: 0, source: 'redis' });
});

test('4. the consumer records the event and its rollups in one transaction', async () => {
  await environment.stack.consumer.start();

  const { database } = environment.admin;
  await waitFor(async () => (await database.query('SELECT FROM ad_events')).rowCount === 1, {
    timeoutMs: 30_000,
    what: 'the consumer to record the click',
  });
  // The partition is that of the day in the id.
  const day = new Date(Number.parseInt(CLICK_ID.replace('-', '').slice(0, 12), 16)).toISOString().slice(0, 10);
  const events = await database.query(
    `SELECT tableoid::regclass::text AS partition, kind, ad_id, host(ip) AS ip,
            extract(epoch FROM occurred_at)::float8 * 1000 AS occurred, play_time_ms
     FROM ad_events WHERE id = $1`,
    [CLICK_ID],
  );
  expect(events.rows).toEqual([
    {
      partition: `ad_events_${day.replaceAll('-', '')}`,
      kind: 'click',
      ad_id: AD,
      ip: '127.0.0.1',
      occurred: occurredAt,
      play_time_ms: 12_345,
    },
  ]);

  // The rollups answer windows and totals at a cost that does not grow with the number of events.
  const rollups = await database.query(
    `SELECT 'second' AS rollup, second::float8 AS bucket, clicks::float8 FROM counts_per_second WHERE ad_id = $1
     UNION ALL SELECT 'minute', minute::float8, clicks::float8 FROM counts_per_minute WHERE ad_id = $1
     UNION ALL SELECT 'total', NULL, clicks::float8 FROM ad_totals WHERE ad_id = $1`,
    [AD],
  );
  expect(rollups.rows).toEqual([
    { rollup: 'second', bucket: secondOf(occurredAt), clicks: 1 },
    { rollup: 'minute', bucket: minuteOf(occurredAt), clicks: 1 },
    { rollup: 'total', bucket: null, clicks: 1 },
  ]);
});

test('5. after the commit, the consumer raises the counters in Redis to these counts', async () => {
  const { database, redis: counters } = environment.admin;
  // Each key names the state of the database that it was copied from, and the ad.
  const identity = await readLedger(database);
  await waitFor(async () => (await counters.hget(totalsKey(identity, AD), 'clicks')) === '1', {
    timeoutMs: 30_000,
    what: 'the counters to be raised',
  });

  expect(await counters.hgetall(totalsKey(identity, AD))).toEqual({ clicks: '1', impressions: '0' });
  // Sixty buckets share one field of a hash, packed.
  const second = secondOf(occurredAt);
  const minute = minuteOf(occurredAt);
  expect(unpackBuckets(await counters.hgetallBuffer(secondsKey(identity, AD, 'clicks', second)))).toEqual([
    [second, 1],
  ]);
  expect(unpackBuckets(await counters.hgetallBuffer(minutesKey(identity, AD, 'clicks', minute)))).toEqual([
    [minute, 1],
  ]);
  // Readers trust the counters while Redis has the mark of a finished rebuild.
  expect(await counters.get(epochKey(MARKS_STEM, identity))).toEqual(expect.any(String));
});

test('6. the consumer acknowledges the message last, and JetStream deletes it', async () => {
  await waitFor(async () => (await environment.jetstream.held()) === 0, {
    timeoutMs: 30_000,
    what: 'the message to be acknowledged',
  });
});

test('7. analytics counts the click in the total and in its windows', async () => {
  expect(await environment.analytics(AD)).toMatchObject({
    ad_id: AD,
    total_clicks: 1,
    impressions: 0,
    // Clicks per impression is null without impressions.
    ctr: null,
    // A slow machine may need more than a minute for these steps, so the narrow windows are not checked.
    time_frames: { last_1_hour: 1, last_24_hours: 1 },
    source: 'redis',
  });
});

test('8. the player repeats the report after a timeout, and nothing changes', async () => {
  const taken = await environment.jetstream.taken();

  expect((await report()).status).toBe(202);

  // The repetition takes the same way: a message, a batch, an acknowledgement. Its row exists already.
  expect(await environment.jetstream.taken()).toBe(taken + 1);
  await waitFor(async () => (await environment.jetstream.held()) === 0, {
    timeoutMs: 30_000,
    what: 'the repeated message to be acknowledged',
  });
  expect((await environment.admin.database.query('SELECT FROM ad_events')).rowCount).toBe(1);
  expect(await environment.analytics(AD)).toMatchObject({ total_clicks: 1, source: 'redis' });
});

/** The names of a span and of the spans below it, each after its service: `ingest: POST /api/v1/ads/click`. */
interface Tree {
  readonly [name: string]: Tree;
}

function below(parent: CollectedSpan | undefined, trace: readonly CollectedSpan[]): Tree {
  const children = trace.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
  return Object.fromEntries(children.map((span) => [`${span.service}: ${span.name}`, below(span, trace)]));
}

/** Waits for a trace whose first span has this name, and a span with the other name. */
async function traceWith(first: string, other: string): Promise<readonly CollectedSpan[]> {
  const find = () => {
    const root = collector.spans.find(({ name, parentSpanId }) => name === first && parentSpanId === undefined);
    const trace = collector.spans.filter(({ traceId }) => traceId === root?.traceId);
    return trace.some(({ name }) => name === other) ? trace : undefined;
  };
  return await waitFor(find, { timeoutMs: 10_000, what: `the trace of ${first}` });
}

const linesOf = (event: string) =>
  readFileSync(environment.stack.ingest.logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"event":"${event}"`))
    .map((line) => JSON.parse(line));

test('9. with OpenTelemetry, the way is one trace, from POST to the raised counters', async () => {
  const trace = await traceWith('POST /api/v1/ads/click', 'process ads.events');
  expect(below(undefined, trace)).toEqual({
    'ingest: POST /api/v1/ads/click': {
      'ingest: store events': {
        'ingest: publish ads.events': {
          'consumer: process ads.events': {
            'consumer: record events': { 'consumer: record_batch': {}, 'consumer: raise': {} },
          },
        },
      },
    },
  });
  expect(trace[0]?.traceId).not.toBe('c'.repeat(32));
  // A read of the counters has its queries.
  expect(below(undefined, await traceWith('GET /api/v1/ads/analytics', 'read_windows'))).toMatchObject({
    'analytics: GET /api/v1/ads/analytics': { 'analytics: read_windows': {} },
  });
});

test('10. log lines and metrics name the trace of their request', async () => {
  const answer = await call(`${environment.stack.url}/api/v1/ads/click`, { method: 'POST', body: { ad_id: 7 } });
  const id = answer.headers['x-request-id'];
  const span = await waitFor(() => collector.spans.find(({ attributes }) => attributes['ads.request_id'] === id), {
    timeoutMs: 10_000,
    what: 'the trace of a refused request',
  });
  expect(linesOf('request.refused')).toContainEqual(
    expect.objectContaining({ request_id: id, trace_id: span.traceId, span_id: span.spanId }),
  );
  const { host, port } = environment.stack.ingest;
  const metricsAs = async (accept: string) =>
    await call(`http://${host}:${port}/metrics`, { headers: { Accept: accept } });
  const open = await metricsAs('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  expect(open.headers['content-type']).toContain('application/openmetrics-text');
  expect(open.text).toContain(`# {trace_id="${span.traceId}",span_id="${span.spanId}"} `);
  expect(open.text).toMatch(/^# TYPE http_requests counter\nhttp_requests_total\{/m);
  expect(open.text.endsWith('# EOF\n')).toBe(true);
  const plain = await metricsAs('text/plain');
  expect(plain.text).toContain('# TYPE http_requests_total counter\n');
  expect(plain.text).not.toContain('trace_id');
});

test('11. without the collector, events are accepted, and one line says that spans are lost', async () => {
  const lines = () => linesOf('tracing.export_failed').length;
  const before = lines();
  collector.fail();
  // The services export by turns, so that the second export of ingest is among these.
  for (let exported = 0; exported < 8; exported = collector.failures()) expect((await report()).status).toBe(202);
  await waitFor(() => lines() > before, { timeoutMs: 10_000, what: 'the line about the lost spans' });
  expect(lines()).toBe(before + 1);
});
