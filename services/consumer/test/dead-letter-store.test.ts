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

/** A store, and what it reports. */
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

/** Fills the dead-letter stream until it refuses a letter of this size. */
async function fill(bytes = 1_000): Promise<void> {
  try {
    for (;;) await connection.jetstream().publish(DEAD_LETTER_SUBJECT, Buffer.alloc(bytes));
  } catch {
    // It is full.
  }
}

const waiting = async () => (await readBacklog(connection)).waitingDeadLetters;
const sources = async () =>
  (await deadLetters(connection)).map(({ source }) => source).filter((source) => source !== '');

describe('the store of dead letters', () => {
  it('puts a letter on the dead-letter stream, once however often it is put', async () => {
    const { store, reports } = opened();
    const one = letter();
    await store.put(one);
    await store.put(one);
    expect(await sources()).toEqual([one.source]);
    expect([await waiting(), reports]).toEqual([0, []]);
  });

  it('keeps letters in the event stream while the dead-letter stream is full, and moves them when there is room', async () => {
    await fill();
    const { store, reports } = opened();
    const letters = Array.from({ length: 50 }, () => letter());
    for (const one of letters) await store.put(one);
    expect(await waiting()).toBe(50);
    // The first one found it full; the others did not ask again.
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

  it('does not deliver waiting letters to the ledger, and does not count them as events that wait', async () => {
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

  it('moves each letter once when several processes move them at a time', async () => {
    await fill();
    const stores = [opened(), opened(), opened()];
    const letters = Array.from({ length: 40 }, () => letter());
    for (const one of letters) await stores[0]?.store.put(one);
    await (await manager()).streams.purge(DEAD_LETTER_STREAM);
    await Promise.all(stores.map(({ store }) => store.moveWaiting(40)));
    expect((await sources()).sort()).toEqual(letters.map(({ source }) => source).sort());
    expect(await waiting()).toBe(0);
  });

  it('is blocked for a process that only sees the letters of another one', async () => {
    await fill();
    await opened().store.put(letter());
    const { store, reports } = opened();
    await store.moveWaiting(await waiting());
    expect(reports).toEqual(['maximum bytes exceeded']);
  });

  it('keeps letters in the event stream while there is no dead-letter stream', async () => {
    await (await manager()).streams.delete(DEAD_LETTER_STREAM);
    const { store, reports } = opened();
    const one = letter();
    await store.put(one);
    expect([await waiting(), reports]).toEqual([1, ['no stream takes them']]);
    await ensureLedgerConsumer(connection, limits, 60);
    await store.moveWaiting(1);
    expect([await sources(), await waiting()]).toEqual([[one.source], 0]);
  });

  it('throws when neither stream takes a letter, and puts it on the dead-letter stream when that does again', async () => {
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

  it('is free again after a quiet time when another process stored what this one could not', async () => {
    await fill();
    await (await manager()).streams.delete(EVENT_STREAM);
    const { store, reports } = opened(() => connection, 0);
    await store.put(letter()).catch(() => undefined);
    await store.moveWaiting(0);
    expect(reports.at(-1)).toBe('free');
  });

  it('reports nothing without a connection: then NATS is unavailable', async () => {
    const { store, reports } = opened(() => undefined);
    await expect(store.put(letter())).rejects.toThrow('not connected');
    await store.moveWaiting(0);
    expect(reports).toEqual([]);
  });

  it('fits a letter into what NATS takes in one message', async () => {
    await ensureLedgerConsumer(connection, { ...limits, deadLettersMaxBytes: -1 }, 60);
    const { store } = opened();
    const large = letter(connection.info?.max_payload);
    await store.put(large);
    expect(await sources()).toEqual([large.source]);
  });
});
