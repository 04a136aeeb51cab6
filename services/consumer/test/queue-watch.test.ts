import { ensureStreams } from '@ads/connections';
import { openTestServers } from '@ads/local';
import { EVENT_STREAM, EVENT_SUBJECT, LEDGER_CONSUMER, streamSettings, WAITING_LETTER_SUBJECT } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AckPolicy, DeliverPolicy, type NatsConnection } from 'nats';
import { click } from './messages.js';
import { deadLetters, openQueue, openRows, publish, queueEmpty } from './servers.js';
import { startWatch } from './watch.js';

/*
 * The queue watch with real servers and a real recording. Only the monotonic clock is set by hand, so that an ack wait
 * passes at once.
 */

const testServers = openTestServers();
afterAll(testServers.release);

const ACK_WAIT_SECONDS = 60;
const ACK_WAIT_MS = ACK_WAIT_SECONDS * 1_000;

let env: Record<string, string | undefined>;
let queue: NatsConnection;
let rows: ReturnType<typeof openRows>;
beforeEach(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  env = { ...database, ...redis.env, ...nats.env, NATS_ACK_WAIT_SECONDS: String(ACK_WAIT_SECONDS) };
  queue = await openQueue(testServers, env);
  rows = openRows(testServers, env);
  await ensureStreams(queue, streamSettings({ replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }));
});

/** The durable consumer, filtered for another subject until the consumer process corrects that. */
async function addLedgerConsumer(subject: string): Promise<void> {
  const manager = await queue.jetstreamManager();
  await manager.consumers.add(EVENT_STREAM, {
    durable_name: LEDGER_CONSUMER,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: ACK_WAIT_MS * 1_000_000,
  });
}

/** Takes the next message of the durable consumer, as another process would. */
async function nextMessage() {
  const consumer = await queue.jetstream().consumers.get(EVENT_STREAM, LEDGER_CONSUMER);
  const message = await consumer.next({ expires: 5_000 });
  if (message === null) throw new Error('the queue delivered no message');
  return message;
}

const recordedClicks = async () => Number((await rows('SELECT count(*) FROM ad_events'))[0]?.count);

const storedMessages = async () => (await (await queue.jetstreamManager()).streams.info(EVENT_STREAM)).state.messages;

/** Three messages at or below the ack floor: two with clicks, one of an unknown ad. */
async function skipMessages(): Promise<void> {
  await addLedgerConsumer(WAITING_LETTER_SUBJECT);
  await publish(queue, [[click(), click()], [click()], [click({ adId: 'ad-404' })]]);
  await queue.jetstream().publish(WAITING_LETTER_SUBJECT, 'acknowledged');
  await (await nextMessage()).ackAck();
}

describe('skipped messages', () => {
  it('are recorded or dead-lettered after an ack wait, and stay in the stream', async () => {
    await skipMessages();
    const { check, time, events, lines } = await startWatch(testServers, env);
    await check();
    time.now += ACK_WAIT_MS;
    await check();
    expect([await recordedClicks(), events()]).toEqual([0, []]);
    time.now += 1;
    await check();
    expect(await recordedClicks()).toBe(3);
    expect((await deadLetters(queue)).map(({ reason }) => reason)).toEqual(['unknown ad ad-404']);
    expect(await storedMessages()).toBe(3);
    expect(events()).toEqual(['warn queue.skipped']);
    expect(lines.find(({ fields }) => fields.event === 'queue.skipped')?.fields.messages).toBe(3);
    // The next checks do not read recovered messages again.
    time.now += ACK_WAIT_MS;
    await check();
    expect(events()).toEqual(['warn queue.skipped']);
  });

  it('are retried by the next check if they could not be recorded', async () => {
    await skipMessages();
    let failures = 1;
    const { check, time, events } = await startWatch(testServers, env, async (record) => {
      failures -= 1;
      if (failures >= 0) throw new Error('Postgres is unavailable');
      await record();
    });
    await check();
    time.now += ACK_WAIT_MS + 1;
    await expect(check()).rejects.toThrow('Postgres is unavailable');
    expect([await recordedClicks(), events()]).toEqual([0, []]);
    await check();
    expect([await recordedClicks(), events()]).toEqual([3, ['warn queue.skipped']]);
  });
});

describe('a stuck queue', () => {
  it('is delivered again after three ack waits without any change', async () => {
    await addLedgerConsumer(EVENT_SUBJECT);
    await publish(queue, [[click()]]);
    // Another process takes the message and never acknowledges it.
    await nextMessage();
    const { check, time, events } = await startWatch(testServers, env);
    await check();
    time.now += 3 * ACK_WAIT_MS;
    await check();
    expect([await recordedClicks(), events()]).toEqual([0, []]);
    time.now += 1;
    await check();
    expect(events()).toEqual(['warn queue.stuck']);
    await queueEmpty(queue);
    expect(await recordedClicks()).toBe(1);
  });
});
