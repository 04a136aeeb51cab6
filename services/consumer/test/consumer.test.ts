import { readFileSync } from 'node:fs';
import { type LocalProcess, openTestServers, waitFor } from '@ads/local';
import {
  type AdEvent,
  DEAD_LETTER_STREAM,
  EVENT_STREAM,
  encodeEvents,
  epochKey,
  LEDGER_CONSUMER,
  MARKS_STEM,
  totalsKey,
  wireReader,
} from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { forgetDeliveries } from '../src/ledger-consumer.js';
import { click } from './messages.js';
import { deadLetters, openCounters, openQueue, openRows, publish, queueEmpty, queueExists } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

const recent = (changes: Partial<AdEvent> = {}) => {
  const now = Date.now();
  return click({ occurredAt: now, receivedAt: now, ...changes });
};

const ofAds = (count: number) =>
  Array.from({ length: count }, (_, index) => recent({ adId: `ad-00${1 + (index % 3)}` }));

/** A consumer on servers of its own. */
async function startConsumer(postgres: LocalProcess | undefined, variables: Record<string, string> = {}) {
  const [database, redisServer, natsServer] = await Promise.all([
    postgres === undefined ? testServers.database() : postgres.env,
    testServers.redis(),
    testServers.nats(),
  ]);
  const env = {
    ...database,
    ...redisServer.env,
    ...natsServer.env,
    NATS_ACK_WAIT_SECONDS: '2',
    NATS_STREAM_MAX_BYTES: '100000000',
    // Many small transactions, so that a kill hits during or between two of them.
    CONSUMER_BATCH_EVENTS: '100',
    ...variables,
  };
  const consumer = await testServers.service({ name: 'consumer', env });
  const queue = await openQueue(testServers, env);
  await queueExists(queue);
  const rows = openRows(testServers, env);
  const redis = openCounters(testServers, redisServer);
  const events = async (): Promise<number> => Number((await rows('SELECT count(*) FROM ad_events'))[0]?.count);
  const totals = async () =>
    Object.fromEntries(
      (await rows('SELECT ad_id, clicks FROM ad_totals WHERE clicks > 0')).map(({ ad_id, clicks }) => [
        ad_id,
        Number(clicks),
      ]),
    );
  const identity = async () => String((await rows('SELECT current_ledger() AS identity'))[0]?.identity);
  const counted = async (adId: string): Promise<number> =>
    Number(await redis.hget(totalsKey(await identity(), adId), 'clicks'));
  return { consumer, redisServer, queue, rows, redis, events, totals, counted, identity };
}

/** The value of a metric by name and labels (without `service`); NaN if it is absent. */
async function readSample({ env }: LocalProcess, sample: string): Promise<number> {
  const text = await (await fetch(`${env.CONSUMER_URL}/metrics`)).text();
  const line = text.split('\n').find((line) =>
    line
      .replace(/,?service="consumer"/, '')
      .replace('{}', '')
      .startsWith(`${sample} `),
  );
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

/** Expects exactly these clicks in Postgres and Redis. */
async function expectCounted(
  running: Awaited<ReturnType<typeof startConsumer>>,
  all: readonly AdEvent[],
): Promise<void> {
  const expected: Record<string, number> = {};
  for (const { adId } of all) expected[adId] = (expected[adId] ?? 0) + 1;
  expect(await running.totals()).toEqual(expected);
  expect(await running.events()).toBe(all.length);
  for (const [adId, clicks] of Object.entries(expected)) expect(await running.counted(adId)).toBe(clicks);
}

describe('the consumer', () => {
  let running: Awaited<ReturnType<typeof startConsumer>>;
  let queue: NatsConnection;
  const all: AdEvent[] = [];
  beforeAll(async () => {
    running = await startConsumer(undefined);
    queue = running.queue;
  });

  it('stores bad events as dead letters with reason and source, and counts the other events', async () => {
    const good = ofAds(6);
    all.push(...good);
    const bad = { k: 'c', id: 'not-a-uuid' };
    const [wire] = JSON.parse(Buffer.from(encodeEvents([good[1] as AdEvent])).toString()).events;
    const unknown = recent({ adId: 'ad-404' });
    const sequences = await publish(queue, [
      good.slice(0, 1),
      'click!',
      JSON.stringify({ clicks: [] }),
      JSON.stringify({ v: 1, events: [wire, bad] }),
      [good[2] as AdEvent, unknown, good[3] as AdEvent],
      JSON.stringify({ v: 0, events: [wire] }),
      `{"v":1,"events":[{"k":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`,
      good.slice(4),
    ]);
    await queueEmpty(queue);
    const source = (message: number) => `AD_EVENTS:${sequences[message]}`;
    const letters = await deadLetters(queue);
    expect(letters.map((letter) => [letter.source, letter.reason]).sort()).toEqual(
      [
        [source(1), expect.stringMatching(/^not JSON: /)],
        [source(2), `wire version undefined, this reads ${wireReader.version}`],
        [source(3), 'id is not a UUID'],
        [source(4), 'unknown ad ad-404'],
        [source(5), `wire version 0, this reads ${wireReader.version}`],
        [source(6), 'unknown kind of another type'],
      ].sort(),
    );
    const text = (of: string) => letters.find((letter) => letter.source === of)?.text;
    expect(text(source(1))).toBe('click!');
    expect(text(source(3))).toBe(JSON.stringify({ v: 1, events: [bad] }));
    expect(text(source(4))).toContain(unknown.id);
    await expectCounted(running, all);
  });

  it('counts a batch once if it is delivered repeatedly and together with others', async () => {
    const batch = ofAds(30);
    all.push(...batch);
    const extra = ofAds(3);
    all.push(...extra);
    await publish(queue, [batch, batch, batch.slice(10), [...extra, ...batch.slice(0, 5)], extra]);
    await queueEmpty(queue);
    await expectCounted(running, all);
  });

  it('counts no event twice when the durable consumer is deleted and all messages are delivered again', async () => {
    const batches = Array.from({ length: 50 }, () => ofAds(10));
    all.push(...batches.flat());
    await publish(queue, batches.slice(0, 25));
    await forgetDeliveries(queue);
    await publish(queue, batches.slice(25));
    await queueEmpty(queue);
    await expectCounted(running, all);
  });

  it('counts every click once if it is killed several times while recording', async () => {
    for (let kill = 0; kill < 3; kill += 1) {
      const before = await running.events();
      const batches = Array.from({ length: 120 }, () => ofAds(30));
      all.push(...batches.flat());
      const publishing = publish(queue, batches);
      await waitFor(async () => (await running.events()) > before + 300, {
        timeoutMs: 20_000,
        what: 'some of the clicks to be recorded',
        intervalMs: 5,
      });
      await running.consumer.kill();
      await publishing;
      await running.consumer.start();
    }
    await queueEmpty(queue);
    await expectCounted(running, all);
  });

  it('rebuilds an emptied Redis while it records', async () => {
    await running.redis.flushall();
    const more = ofAds(10);
    all.push(...more);
    await publish(queue, [more]);
    const epoch = epochKey(MARKS_STEM, await running.identity());
    await waitFor(() => running.redis.exists(epoch), { timeoutMs: 20_000, what: 'the counters to be rebuilt' });
    await queueEmpty(queue);
    await expectCounted(running, all);
  });

  it('clears the doubt of a killed writer', async () => {
    await running.redis.hset(totalsKey(await running.identity(), 'ad-001'), 'clicks', 0);
    await running.rows("INSERT INTO counter_doubts (writer) VALUES ('dead')");
    await waitFor(async () => (await running.rows('SELECT FROM counter_doubts')).length === 0, {
      timeoutMs: 20_000,
      what: 'the doubt to be deleted',
    });
    await expectCounted(running, all);
  });

  it('has dead-lettered no valid event in the tests above', async () => {
    expect(await deadLetters(queue)).toHaveLength(6);
    const waiting = 'jetstream_stream_messages{stream="AD_DEAD_LETTERS"}';
    await waitFor(async () => (await readSample(running.consumer, waiting)) === 6, {
      timeoutMs: 20_000,
      what: 'the dead letters to be in the metrics',
    });
  });

  it('exports the size of the stream, and shows counters as untrusted while Redis is unavailable', async () => {
    const measured = (sample: string) => readSample(running.consumer, sample);
    expect(await measured('jetstream_stream_max_bytes{stream="AD_EVENTS"}')).toBe(100_000_000);
    const trustedIs = (trusted: number) =>
      waitFor(async () => (await measured('counters_trusted')) === trusted, {
        timeoutMs: 20_000,
        what: `counters_trusted to be ${trusted}`,
      });
    await trustedIs(1);
    await running.redisServer.kill();
    await trustedIs(0);
    await running.redisServer.start();
    await trustedIs(1);
  });
});

describe('the consumer while Postgres is unavailable', () => {
  it('keeps all messages, and records them when Postgres is available again', async () => {
    const postgres = await testServers.postgres();
    const running = await startConsumer(postgres);
    const before = ofAds(5);
    await publish(running.queue, [before]);
    await queueEmpty(running.queue);
    await postgres.kill();
    const meanwhile = Array.from({ length: 40 }, () => ofAds(5));
    await publish(running.queue, meanwhile);
    const health = async () => {
      const answer = await fetch(`${running.consumer.env.CONSUMER_URL}/health`);
      return (await answer.json()) as { dependencies: { postgres: { status: string } } };
    };
    await waitFor(async () => (await health()).dependencies.postgres.status === 'down', {
      timeoutMs: 20_000,
      what: '/health to report Postgres as down',
    });
    const { messages } = (await (await running.queue.jetstreamManager()).streams.info('AD_EVENTS')).state;
    expect(messages).toBe(40);
    expect(await deadLetters(running.queue)).toEqual([]);
    const measured = (sample: string) => readSample(running.consumer, sample);
    await waitFor(async () => (await measured('consumer_backlog_age_seconds')) > 3, {
      timeoutMs: 20_000,
      what: 'a backlog age above 3 s',
    });
    expect(await measured('jetstream_stream_messages{stream="AD_EVENTS"}')).toBe(40);
    await postgres.start();
    await queueEmpty(running.queue);
    await waitFor(async () => (await measured('consumer_backlog_age_seconds')) === 0, {
      timeoutMs: 20_000,
      what: 'a backlog age of 0',
    });
    await waitFor(async () => (await measured('jetstream_stream_messages{stream="AD_EVENTS"}')) === 0, {
      timeoutMs: 20_000,
      what: 'the metrics to show an empty stream',
    });
    await expectCounted(running, [...before, ...meanwhile.flat()]);
    expect(await deadLetters(running.queue)).toEqual([]);
  });
});

describe('the consumer, while 20,000 events of unknown ads arrive', () => {
  it('records the valid clicks among them, puts many events into one dead letter, and logs a summary', async () => {
    const running = await startConsumer(undefined, { CONSUMER_BATCH_EVENTS: '20000' });
    const good: AdEvent[] = [];
    const honest = () => {
      const events = ofAds(1);
      good.push(...events);
      return events;
    };
    const invented = (count: number) => Array.from({ length: count }, (_, ad) => recent({ adId: `invented-${ad}` }));
    // Some in batches as from ingest, the others in one message each.
    for (let round = 0; round < 20; round += 1) {
      const singles = invented(500).map((event) => [event]);
      await publish(running.queue, [honest(), invented(500), honest(), ...singles, honest()]);
    }
    await queueEmpty(running.queue, 60_000);
    await expectCounted(running, good);
    const letters = await deadLetters(running.queue);
    expect(letters.reduce((sum, { events }) => sum + events, 0)).toBe(20_000);
    expect(letters.length).toBeLessThan(2_000);
    expect(await readSample(running.consumer, 'dead_letters_total{kind="unknown_ad"}')).toBe(20_000);
    const lines = readFileSync(running.consumer.logFile, 'utf8').split('\n');
    expect(lines.filter((line) => line.includes('"event":"dead_letters.stored"')).length).toBeLessThan(20);
    expect(lines.length).toBeLessThan(200);
  });
});

describe('the consumer, while the dead-letter stream is full', () => {
  it('records valid events, reports the full stream, and moves the dead letters when it has room', async () => {
    const limit = 2_097_152;
    const running = await startConsumer(undefined, { NATS_DEAD_LETTERS_MAX_BYTES: String(limit) });
    const { queue } = running;
    const manager = await queue.jetstreamManager();
    const conditions = async () => {
      const answer = await fetch(`${running.consumer.env.CONSUMER_URL}/health`);
      const health = (await answer.json()) as { status: string; conditions?: Record<string, string> };
      return [health.status, ...Object.values(health.conditions ?? {})].join(': ');
    };
    const until = (what: string, pattern: RegExp) =>
      waitFor(async () => pattern.test(await conditions()), { timeoutMs: 30_000, what });
    const junk = (count: number, bytes: number) => Array.from({ length: count }, () => '?'.repeat(bytes));
    await publish(queue, junk(30, 100_000));
    await until('the full stream to be reported', /^degraded: the stream AD_DEAD_LETTERS .*maximum bytes exceeded/);
    expect(await readSample(running.consumer, 'health_condition{condition="dead_letters_blocked"}')).toBe(1);

    // No message stays unacknowledged, since JetStream limits their number per consumer.
    const good = [];
    for (let round = 0; round < 8; round += 1) {
      const clicks = ofAds(5);
      good.push(...clicks);
      const unknown = Array.from({ length: 1_000 }, () => [recent({ adId: 'ad-404' })]);
      await publish(queue, [...unknown, clicks, ...junk(10, 20), [...clicks, recent({ adId: 'ad-404' })]]);
    }
    const delivered = async () => {
      const { num_pending, num_ack_pending } = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
      return num_pending + num_ack_pending === 0;
    };
    await waitFor(delivered, { timeoutMs: 60_000, what: 'all messages to be acknowledged' });
    await expectCounted(running, good);
    expect(await conditions()).toMatch(/^degraded/);

    // An operator reads dead letters and deletes them.
    let events = 0;
    const drain = async () => {
      const letters = await deadLetters(queue);
      events += letters.reduce((sum, letter) => sum + letter.events, 0);
      const seq = Math.max(0, ...letters.map((letter) => letter.seq)) + 1;
      if (letters.length > 0) await manager.streams.purge(DEAD_LETTER_STREAM, { seq });
      return events === 30 + 8_000 + 80 + 8;
    };
    await waitFor(drain, { timeoutMs: 90_000, what: 'all events to be in dead letters', intervalMs: 200 });
    await queueEmpty(queue);
    await until('the end of it to be reported', /^healthy$/);
  });
});
