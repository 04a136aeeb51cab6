import { ensureStream } from '@ads/connections';
import { openTestServers } from '@ads/local';
import { EVENT_STREAM, streamSettings } from '@ads/models';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { recoverSkipped } from '../src/recover-skipped.js';
import { openQueue, publish } from './servers.js';

const testServers = openTestServers();
let queue: NatsConnection;

beforeAll(async () => {
  queue = await openQueue(testServers, (await testServers.nats()).env);
  for (const settings of streamSettings({ replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }))
    await ensureStream(queue, settings);
});

afterAll(testServers.release);

it('recovery records the messages of a range in batches, and leaves them in the stream', async () => {
  await publish(
    queue,
    Array.from({ length: 60 }, (_, index) => `message ${index + 1}`),
  );
  const manager = await queue.jetstreamManager();
  const gone = [1, 2, 7, 8, 9, 30, 44, 45];
  for (const seq of gone) await manager.streams.deleteMessage(EVENT_STREAM, seq);
  const batches: number[][] = [];
  const recovered = await recoverSkipped(queue, { from: 5, to: 45 }, async (messages) => {
    batches.push(messages.map(({ message }) => message.info.streamSequence));
  });
  const there = Array.from({ length: 41 }, (_, index) => index + 5).filter((seq) => !gone.includes(seq));
  expect(batches.flat()).toEqual(there);
  expect(batches.length).toBeGreaterThan(1);
  expect(recovered).toBe(there.length);
  expect((await manager.streams.info(EVENT_STREAM)).state.messages).toBe(60 - gone.length);
});

it('recovery ignores deleted messages, and fails if recording fails', async () => {
  expect(await recoverSkipped(queue, { from: 1, to: 2 }, () => Promise.reject(new Error('not asked')))).toBe(0);
  expect(await recoverSkipped(queue, { from: 61, to: 99 }, () => Promise.reject(new Error('not asked')))).toBe(0);
  await expect(
    recoverSkipped(queue, { from: 3, to: 3 }, () => Promise.reject(new Error('Postgres is unavailable'))),
  ).rejects.toThrow('Postgres');
});
