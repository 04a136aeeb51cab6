import { readRecorded } from '@ads/ledger';
import { openTestServers } from '@ads/local';
import { EVENT_STREAM, newerEventsSubject } from '@ads/models';
import { afterAll, expect, it } from '@jest/globals';
import { openDatabase } from '../../../packages/ledger/test/servers.js';
import { ensureLedgerConsumer } from '../src/ledger-consumer.js';
import { noteOnce, ON_THE_WAY_MS } from '../src/note-recorded.js';
import { openQueue, publish } from './servers.js';

const testServers = openTestServers();
afterAll(testServers.release);

it('the noted time is the arrival of the oldest message in the stream, minus the time that an event may be on its way', async () => {
  const database = openDatabase(testServers, await testServers.database());
  const queue = await openQueue(testServers, (await testServers.nats()).env);
  await ensureLedgerConsumer(queue, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
  const manager = await queue.jetstreamManager();
  const now = Date.now() + 86_400_000;
  let apart: string | undefined;
  const note = async () => {
    const nats = { run: <T>(call: (connection: typeof queue) => Promise<T>) => call(queue) };
    await noteOnce({ nats, database, clock: { earliest: () => now, whyNotPrune: () => apart } });
    return await readRecorded(database);
  };
  apart = 'the clocks disagree';
  expect(await note()).toBe(0);
  apart = undefined;
  const { seq } = await queue.jetstream().publish(newerEventsSubject(9), Buffer.from('of a newer release'));
  await publish(queue, [[]]);
  const { time } = await manager.streams.getMessage(EVENT_STREAM, { seq });
  expect(await note()).toBe(time.getTime() - ON_THE_WAY_MS);
  await manager.streams.purge(EVENT_STREAM);
  expect(await note()).toBe(now - ON_THE_WAY_MS);
  // It never goes back.
  await publish(queue, [[]]);
  expect(await note()).toBe(now - ON_THE_WAY_MS);
});
