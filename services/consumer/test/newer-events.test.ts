import { ensureStreams } from '@ads/connections';
import { openTestServers, waitFor } from '@ads/local';
import {
  type AdEvent,
  CODES,
  createWireReader,
  EVENT_STREAM,
  EVENT_SUBJECT,
  encodeEvent,
  LEDGER_CONSUMER,
  newerEventsSubject,
  streamSettings,
  totalsKey,
  wireReader,
} from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { click } from './messages.js';
import { deadLetters, openCounters, openQueue, openRows, publish, queueExists } from './servers.js';
import { startWatch } from './watch.js';

/*
 * A rolling update: consumers of two releases, and events of two wire versions. Clicks of the newer release have a code of
 * the next version and a field that must not be lost.
 */

const testServers = openTestServers();
afterAll(testServers.release);

/** The wire versions of the next two releases. */
const NEXT = wireReader.version + 1;
const NEXT_BUT_ONE = NEXT + 1;
const NEXT_RELEASE = createWireReader(new Map([...CODES, [`${NEXT}c`, 'click']]));

let env: Record<string, string | undefined>;
let queue: NatsConnection;
let rows: ReturnType<typeof openRows>;
let counters: ReturnType<typeof openCounters>;
beforeEach(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  env = { ...database, ...redis.env, ...nats.env };
  queue = await openQueue(testServers, env);
  rows = openRows(testServers, env);
  counters = openCounters(testServers, redis);
});

const recent = (): AdEvent => click({ occurredAt: Date.now(), receivedAt: Date.now() });
const text = (event: AdEvent, code = 'c', more = {}) =>
  JSON.stringify({ ...JSON.parse(encodeEvent(event)), k: code, ...more });
const message = (...events: readonly string[]) => `{"v":1,"events":[${events.join()}]}`;

const recordedIds = async () => (await rows('SELECT id FROM ad_events')).map(({ id }) => id).sort();
const idsOf = (events: readonly AdEvent[]) => events.map(({ id }) => id).sort();

/** Messages in the event stream by subject. */
async function stored(): Promise<Record<string, number>> {
  const { streams } = await queue.jetstreamManager();
  return (await streams.info(EVENT_STREAM, { subjects_filter: '>' })).state.subjects ?? {};
}

async function storedBecome(expected: Record<string, unknown>): Promise<void> {
  await waitFor(async () => expect(await stored()).toEqual(expected) ?? true, {
    timeoutMs: 20_000,
    what: `the event stream to hold ${JSON.stringify(expected)}`,
  });
}

describe('a consumer of the older release', () => {
  it('records events that it can read, and keeps newer ones unchanged and reports them', async () => {
    const consumer = await testServers.service({ name: 'consumer', env: { ...env, NATS_ACK_WAIT_SECONDS: '2' } });
    await queueExists(queue);
    const [first, second, newer] = [recent(), recent(), recent()];
    const newerText = text(newer, `${NEXT}c`, { placement: 'top' });
    const otherForm = `{"v":${NEXT_BUT_ONE},"columns":{"k":[]}}`;
    await publish(queue, [message(text(first), newerText, text(second)), otherForm]);
    await storedBecome({ [newerEventsSubject(NEXT)]: 1, [newerEventsSubject(NEXT_BUT_ONE)]: 1 });

    expect(await recordedIds()).toEqual(idsOf([first, second]));
    expect(await deadLetters(queue)).toEqual([]);
    const manager = await queue.jetstreamManager();
    const kept = async (version: number) =>
      (await manager.streams.getMessage(EVENT_STREAM, { last_by_subj: newerEventsSubject(version) })).data;
    expect(Buffer.from(await kept(NEXT)).toString()).toBe(message(newerText));
    expect(Buffer.from(await kept(NEXT_BUT_ONE)).toString()).toBe(otherForm);
    // Each message is delivered once: consumers that cannot read it do not get it again.
    const { delivered, num_ack_pending } = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
    expect([delivered.consumer_seq, num_ack_pending]).toEqual([2, 0]);

    const health = async () => (await (await fetch(`${consumer.env.CONSUMER_URL}/health`)).json()) as object;
    await waitFor(async () => 'conditions' in (await health()), {
      timeoutMs: 20_000,
      what: '/health to show the condition',
    });
    expect(await health()).toMatchObject({
      status: 'degraded',
      conditions: {
        newer_events: expect.stringContaining(
          `AD_EVENTS holds newer events (messages: 2, wire versions: ${NEXT}, ${NEXT_BUT_ONE}), and this consumer reads version ${wireReader.version};`,
        ),
      },
    });
    const metrics = await (await fetch(`${consumer.env.CONSUMER_URL}/metrics`)).text();
    expect(metrics).toMatch(/^newer_event_messages\{[^}]*\} 2$/m);
    expect(metrics).not.toMatch(/^dead_letters_total\{/m);
  });

  it('loses no event while the event stream is full, and retries with growing delays', async () => {
    const maxBytes = 50_000;
    await ensureStreams(queue, streamSettings({ replicas: 1, maxBytes, deadLettersMaxBytes: -1 }));
    const newer = Array.from({ length: 100 }, () => text(recent(), `${NEXT}c`));
    const good = recent();
    await publish(queue, [message(text(good), ...newer)]);
    const fill = async () => {
      for (;;) await queue.jetstream().publish(newerEventsSubject(NEXT + 7), Buffer.alloc(1_000));
    };
    await expect(fill()).rejects.toMatchObject({ api_error: { description: 'maximum bytes exceeded' } });
    await startWatch(testServers, { ...env, NATS_STREAM_MAX_BYTES: String(maxBytes) });

    await waitFor(async () => (await recordedIds()).length === 1, {
      timeoutMs: 10_000,
      what: 'the click to be recorded',
    });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const manager = await queue.jetstreamManager();
    // The delays are 1 s and 2 s.
    expect((await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER)).delivered.consumer_seq).toBeLessThanOrEqual(3);
    expect(await stored()).toMatchObject({ [EVENT_SUBJECT]: 1 });

    await manager.streams.purge(EVENT_STREAM, { filter: newerEventsSubject(NEXT + 7) });
    await storedBecome({ [newerEventsSubject(NEXT)]: 1 });
    expect(await deadLetters(queue)).toEqual([]);
    expect(await recordedIds()).toEqual([good.id]);
  });
});

describe('a consumer of the newer release', () => {
  it('records kept events of its version once, in the bucket of their own time, and leaves later versions', async () => {
    const older = await testServers.service({ name: 'consumer', env });
    await queueExists(queue);
    const events = Array.from({ length: 60 }, recent);
    const ofNext = events.map((event) => message(text(event, `${NEXT}c`)));
    await publish(queue, [...ofNext, ...ofNext.slice(0, 5), message(text(recent(), `${NEXT_BUT_ONE}x`))]);
    await storedBecome({ [newerEventsSubject(NEXT)]: expect.any(Number), [newerEventsSubject(NEXT_BUT_ONE)]: 1 });
    await older.kill();

    // Two processes at the same time, as during an update.
    const watches = await Promise.all([
      startWatch(testServers, env, undefined, NEXT_RELEASE),
      startWatch(testServers, env, undefined, NEXT_RELEASE),
    ]);
    await Promise.all(watches.map(({ check }) => check()));
    await storedBecome({ [newerEventsSubject(NEXT_BUT_ONE)]: 1 });
    expect(await recordedIds()).toEqual(idsOf(events));
    expect(await rows('SELECT clicks::int FROM ad_totals WHERE clicks > 0')).toEqual([{ clicks: 60 }]);
    const [identity] = await rows('SELECT current_ledger() AS ledger');
    expect(await counters.hget(totalsKey(String(identity?.ledger), 'ad-001'), 'clicks')).toBe('60');
    expect(await deadLetters(queue)).toEqual([]);

    await watches[0]?.check();
    expect(watches[0]?.conditions()).toEqual({
      newer_events: expect.stringContaining(
        `AD_EVENTS holds newer events (messages: 1, wire versions: ${NEXT_BUT_ONE}), and this consumer reads version ${NEXT};`,
      ),
    });
  });

  it('dead-letters kept events that it cannot record, and keeps them while Postgres is unavailable', async () => {
    const { check } = await startWatch(testServers, env, undefined, NEXT_RELEASE);
    await check();
    const unknown = click({ adId: 'ad-404' });
    await queue.jetstream().publish(newerEventsSubject(NEXT), message(text(unknown, `${NEXT}c`)));
    await rows('ALTER TABLE ads RENAME TO ads_elsewhere');
    await expect(check()).rejects.toThrow('ads');
    expect(await stored()).toEqual({ [newerEventsSubject(NEXT)]: 1 });
    await rows('ALTER TABLE ads_elsewhere RENAME TO ads');
    await check();
    expect(await stored()).toEqual({});
    expect((await deadLetters(queue)).map(({ reason }) => reason)).toEqual(['unknown ad ad-404']);
  });

  it('records events from ingest of the first release', async () => {
    const id = '019aa6f7-1c00-7000-8000-000000000000';
    const event = `"id":"${id}","ad":"ad-001","ip":"203.0.113.9","at":1700000000001,"rx":1700000000002`;
    await startWatch(testServers, env, undefined, NEXT_RELEASE);
    await publish(queue, [`{"v":1,"events":[{"k":"c",${event},"pt":12},{"k":"i",${event}}]}`]);
    await storedBecome({});
    expect(await rows('SELECT kind, id, play_time_ms FROM ad_events ORDER BY kind')).toEqual([
      { kind: 'click', id, play_time_ms: 12_000 },
      { kind: 'impression', id, play_time_ms: null },
    ]);
  });
});
