import { openTestServers } from '@ads/local';
import { DEAD_LETTER_STREAM, DEAD_LETTER_SUBJECT, EVENT_STREAM, EVENT_SUBJECT } from '@ads/models';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { createDeadLetterStore } from '../src/dead-letter-store.js';
import { ensureLedgerConsumer, readBacklog } from '../src/ledger-consumer.js';
import { deadLetters, openQueue } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

let connection: NatsConnection;
const limits = { replicas: 1, maxBytes: 10_000_000, deadLettersMaxBytes: 100_000 };

beforeEach(async () => {
  connection = await openQueue(testServers, (await testServers.nats()).env);
  await ensureLedgerConsumer(connection, limits, 60);
});

const manager = () => connection.jetstreamManager();

let count = 0;
const letter = (bytes = 1_000) => {
  count += 1;
  const number = count;
  const data = Buffer.from(`letter ${number} `.padEnd(bytes, '.'));
  return {
    kind: 'unknown_ad',
    reason: 'unknown ad x',
    source: `AD_EVENTS:${number}`,
    id: `${number}`,
    events: 1,
    data,
  } as const;
};

/** A store and its reports. */
function opened(nats = (): NatsConnection | undefined => connection, quietMs = 60_000) {
  const reports: string[] = [];
  const store = createDeadLetterStore({
    connection: nats,
    timeoutMs: 1_000,
    quietMs,
    onBlocked: (reason) => reports.push(reason),
    onFree: () => reports.push('free'),
  });
  return { store, reports };
}

/** Fills the dead-letter stream until it refuses a dead letter of this size. */
async function fill(bytes = 1_000): Promise<void> {
  try {
    for (;;) await connection.jetstream().publish(DEAD_LETTER_SUBJECT, Buffer.alloc(bytes));
  } catch {
    // The stream is full.
  }
}

const waiting = async () => (await readBacklog(connection)).waitingDeadLetters;
const sources = async () =>
  (await deadLetters(connection)).map(({ source }) => source).filter((source) => source !== '');

describe('the store of dead letters', () => {
  it('stores a dead letter in the dead-letter stream, once even if it is stored repeatedly', async () => {
    const { store, reports } = opened();
    const one = letter();
    await store.put(one);
    await store.put(one);
    expect(await sources()).toEqual([one.source]);
    expect([await waiting(), reports]).toEqual([0, []]);
  });

  it('keeps dead letters in the event stream while the dead-letter stream is full, and moves them later', async () => {
    await fill();
    const { store, reports } = opened();
    const letters = Array.from({ length: 50 }, () => letter());
    for (const one of letters) await store.put(one);
    expect(await waiting()).toBe(50);
    // The first dead letter found the stream full; the others did not try it again.
    expect(reports).toEqual(['maximum bytes exceeded']);
    await store.moveWaiting(50);
    expect(reports).toEqual(['maximum bytes exceeded', 'maximum bytes exceeded']);

    await (await manager()).streams.purge(DEAD_LETTER_STREAM);
    await store.moveWaiting(await waiting());
    expect(await sources()).toEqual(letters.map(({ source }) => source));
    expect([await waiting(), reports.at(-1)]).toEqual([0, 'free']);
    const later = letter();
    await store.put(later);
    expect((await sources()).at(-1)).toBe(later.source);
  });

  it('neither delivers waiting dead letters to the ledger consumer nor counts them as pending events', async () => {
    await fill();
    const { store } = opened();
    for (let number = 0; number < 10; number += 1) await store.put(letter());
    expect(await readBacklog(connection)).toMatchObject({
      pending: 0,
      unacknowledged: 0,
      stored: 0,
      waitingDeadLetters: 10,
    });
    await connection.jetstream().publish(EVENT_SUBJECT, 'an event');
    expect(await readBacklog(connection)).toMatchObject({ pending: 1, stored: 1, waitingDeadLetters: 10 });
  });

  it('moves each dead letter once when several processes move them at the same time', async () => {
    await fill();
    const stores = [opened(), opened(), opened()];
    const letters = Array.from({ length: 40 }, () => letter());
    for (const one of letters) await stores[0]?.store.put(one);
    await (await manager()).streams.purge(DEAD_LETTER_STREAM);
    await Promise.all(stores.map(({ store }) => store.moveWaiting(40)));
    expect((await sources()).sort()).toEqual(letters.map(({ source }) => source).sort());
    expect(await waiting()).toBe(0);
  });

  it('is blocked also in a process that only finds waiting dead letters of another process', async () => {
    await fill();
    await opened().store.put(letter());
    const { store, reports } = opened();
    await store.moveWaiting(await waiting());
    expect(reports).toEqual(['maximum bytes exceeded']);
  });

  it('keeps dead letters in the event stream while the dead-letter stream does not exist', async () => {
    await (await manager()).streams.delete(DEAD_LETTER_STREAM);
    const { store, reports } = opened();
    const one = letter();
    await store.put(one);
    expect([await waiting(), reports]).toEqual([1, ['no stream takes them']]);
    await ensureLedgerConsumer(connection, limits, 60);
    await store.moveWaiting(1);
    expect([await sources(), await waiting()]).toEqual([[one.source], 0]);
  });

  it('throws when both streams refuse a dead letter, and stores it when the dead-letter stream has room again', async () => {
    await fill();
    await (await manager()).streams.delete(EVENT_STREAM);
    const { store, reports } = opened();
    const one = letter();
    await expect(store.put(one)).rejects.toThrow();
    await store.moveWaiting(0);
    expect(reports).toEqual(['maximum bytes exceeded']);
    await (await manager()).streams.purge(DEAD_LETTER_STREAM);
    await store.put(one);
    expect(await sources()).toEqual([one.source]);
    await store.moveWaiting(0);
    expect(reports.at(-1)).toBe('free');
  });

  it('is no longer blocked some time after another process stored the refused dead letter', async () => {
    await fill();
    await (await manager()).streams.delete(EVENT_STREAM);
    const { store, reports } = opened(() => connection, 0);
    await store.put(letter()).catch(() => undefined);
    await store.moveWaiting(0);
    expect(reports.at(-1)).toBe('free');
  });

  it('reports no problem without a connection, since NATS is reported as unavailable then', async () => {
    const { store, reports } = opened(() => undefined);
    await expect(store.put(letter())).rejects.toThrow('not connected');
    await store.moveWaiting(0);
    expect(reports).toEqual([]);
  });

  it('limits a dead letter to the maximum message size of NATS', async () => {
    await ensureLedgerConsumer(connection, { ...limits, deadLettersMaxBytes: -1 }, 60);
    const { store } = opened();
    const large = letter(connection.info?.max_payload);
    await store.put(large);
    expect(await sources()).toEqual([large.source]);
  });
});
