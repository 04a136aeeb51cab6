import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { openTestServers, waitFor } from '@ads/local';
import { EVENT_STREAM, EVENT_SUBJECT, encodeEvents, LEDGER_CONSUMER } from '@ads/models';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { type ConsumeObserver, type ConsumeOptions, startConsuming } from '../src/consume.js';
import type { BadMessage } from '../src/dead-letters.js';
import { ensureLedgerConsumer } from '../src/ledger-consumer.js';
import type { BufferedMessage } from '../src/message-buffer.js';
import { click } from './messages.js';
import { openQueue, publish, queueEmpty } from './servers.js';

const testServers = openTestServers();
let connection: NatsConnection;
beforeAll(async () => {
  connection = await openQueue(testServers, (await testServers.nats()).env);
});
afterAll(testServers.release);

const consume = ({
  onReceived = () => undefined,
  onRecorded = () => undefined,
  onFailure = () => undefined,
  onPullFailure = () => undefined,
  ...options
}: Pick<ConsumeOptions, 'record'> & Partial<ConsumeOptions & ConsumeObserver>) =>
  startConsuming({
    connection: () => connection,
    writeDeadLetters: () => [],
    observer: { onReceived, onRecorded, onFailure, onPullFailure },
    maxMessages: 10,
    maxBytes: 1_000_000,
    maxEvents: 1_000,
    lingerMs: 0,
    ackWaitMs: 60_000,
    ...options,
  });

const acknowledge = async (messages: readonly BufferedMessage[]) => {
  for (const { message } of messages) message.ack();
  return [];
};

const unacknowledged = async () =>
  (await (await connection.jetstreamManager()).consumers.info(EVENT_STREAM, LEDGER_CONSUMER)).num_ack_pending;

const clicks = (count: number) => Array.from({ length: count }, () => [click()]);

describe('consume', () => {
  // Each test begins with an empty queue.
  afterEach(async () => {
    await (await connection.jetstreamManager()).streams.purge(EVENT_STREAM);
  });

  it('holds at most the configured number of messages, whatever the backlog and the speed of recording', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    await publish(connection, clicks(50));
    let finish = (): void => undefined;
    const first = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const consuming = consume({
      record: async (messages) => {
        await first;
        return await acknowledge(messages);
      },
    });
    await waitFor(async () => (await unacknowledged()) === 10, {
      timeoutMs: 10_000,
      what: 'ten messages to be buffered',
    });
    // A pull that requested too many messages would have received them by the end of the next one.
    await delay(500);
    expect(await unacknowledged()).toBe(10);
    finish();
    await queueEmpty(connection);
    await consuming.stop();
  });

  it('begins the first batch at once, and then waits for more events until there are enough, or the buffer is full', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const batches: number[][] = [];
    const consuming = consume({
      lingerMs: 60_000,
      record: async (messages) => {
        batches.push(messages.map(({ message }) => message.info.streamSequence));
        return await acknowledge(messages);
      },
    });
    const first = await publish(connection, clicks(1));
    await waitFor(() => batches.length === 1, { timeoutMs: 10_000, what: 'the first batch' });
    const some = await publish(connection, clicks(3));
    await waitFor(async () => (await unacknowledged()) === 3, { timeoutMs: 10_000, what: 'messages to be buffered' });
    expect(batches).toEqual([first]);
    const many = await publish(connection, [Array.from({ length: 997 }, () => click())]);
    await waitFor(() => batches.length === 2, { timeoutMs: 10_000, what: 'the batch of 1,000 events' });
    const full = await publish(connection, clicks(10));
    await queueEmpty(connection);
    expect(batches).toEqual([first, [...some, ...many], full]);
    await publish(connection, clicks(1));
    await waitFor(async () => (await unacknowledged()) === 1, { timeoutMs: 10_000, what: 'a message to be buffered' });
    await consuming.stop();
    expect(batches).toHaveLength(3);
  });

  it('records two batches at the same time, and a slow one does not delay the other', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const [slow = 0] = await publish(connection, clicks(1));
    const begun: number[][] = [];
    const finish: (() => void)[] = [];
    const consuming = consume({
      record: async (messages) => {
        begun.push(messages.map(({ message }) => message.info.streamSequence));
        await new Promise<void>((resolve) => {
          finish.push(resolve);
        });
        return await acknowledge(messages);
      },
    });
    const untilBegun = (count: number) =>
      waitFor(() => begun.length === count, { timeoutMs: 10_000, what: `${count} batches to begin` });
    await untilBegun(1);
    const [second = 0] = await publish(connection, clicks(1));
    await untilBegun(2);
    const waiting = await publish(connection, clicks(5));
    await waitFor(async () => (await unacknowledged()) === 7, {
      timeoutMs: 10_000,
      what: 'all messages to be buffered',
    });
    expect(begun).toEqual([[slow], [second]]);
    finish[1]?.();
    await untilBegun(3);
    expect(begun[2]).toEqual(waiting);
    for (const index of [0, 2]) finish[index]?.();
    await queueEmpty(connection);
    await consuming.stop();
  });

  it('splits a batch that takes Postgres too long into smaller ones', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const sequences = await publish(connection, clicks(8));
    const sizes: number[] = [];
    const recorded: number[] = [];
    const consuming = consume({
      record: async (messages) => {
        // From the second batch on, waiting messages are combined.
        if (sizes.length === 0)
          await waitFor(async () => (await unacknowledged()) === 8, {
            timeoutMs: 10_000,
            what: 'all messages to be buffered',
          });
        sizes.push(messages.length);
        if (messages.length > 2) throw new Error('canceling statement due to statement timeout');
        recorded.push(...messages.map(({ message }) => message.info.streamSequence));
        return await acknowledge(messages);
      },
    });
    await queueEmpty(connection);
    await consuming.stop();
    expect(recorded.sort((a, b) => a - b)).toEqual(sequences);
    expect(Math.max(...sizes)).toBeGreaterThan(2);
  });

  it('reports a recovery when the failed batch is recorded, not when another one is', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const [bad] = await publish(connection, clicks(1));
    const signals: string[] = [];
    let repaired = false;
    const consuming = consume({
      record: async (messages) => {
        if (!repaired && messages.some(({ message }) => message.info.streamSequence === bad))
          throw new Error('no right');
        await acknowledge(messages);
        signals.push('acknowledged');
        return [];
      },
      onFailure: () => signals.push('failure'),
      onRecorded: () => signals.push('recorded'),
    });
    await waitFor(() => signals.includes('failure'), { timeoutMs: 10_000, what: 'a failure' });
    await publish(connection, clicks(1));
    await waitFor(() => signals.includes('acknowledged'), {
      timeoutMs: 10_000,
      what: 'the other message to be acknowledged',
    });
    expect(signals).not.toContain('recorded');
    repaired = true;
    await waitFor(() => signals.includes('recorded'), { timeoutMs: 10_000, what: 'the failed batch to be recorded' });
    await queueEmpty(connection);
    await consuming.stop();
  });

  it('retries a failed batch until it is recorded, and loses no event', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const sequences = await publish(connection, clicks(3));
    const failures: unknown[] = [];
    const recorded: number[] = [];
    const consuming = consume({
      record: async (messages) => {
        if (failures.length < 3) throw new Error('unavailable');
        recorded.push(...messages.map(({ message }) => message.info.streamSequence));
        return await acknowledge(messages);
      },
      onFailure: (error) => failures.push(error),
    });
    await queueEmpty(connection);
    await consuming.stop();
    expect(recorded.sort()).toEqual(sequences);
    expect(failures).toEqual([new Error('unavailable'), new Error('unavailable'), new Error('unavailable')]);
  });

  it('returns unrecorded messages to the queue when it stops, so that they are redelivered at once', async () => {
    // Without the return, JetStream would redeliver them after a minute.
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const sequences = await publish(connection, clicks(20));
    let failed = false;
    const stopped = consume({
      record: async () => {
        failed = true;
        throw new Error('unavailable');
      },
      maxEvents: 3,
    });
    await waitFor(async () => failed && (await unacknowledged()) === 10, { timeoutMs: 10_000, what: 'a failure' });
    await stopped.stop();
    const recorded = new Set<number>();
    const next = consume({
      record: async (messages) => {
        for (const { message } of messages) recorded.add(message.info.streamSequence);
        return await acknowledge(messages);
      },
    });
    await queueEmpty(connection, 10_000);
    await next.stop();
    expect([...recorded].sort((a, b) => a - b)).toEqual(sequences);
  });

  it('finishes the batch in progress when it stops', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    await publish(connection, clicks(1));
    let finish: (() => void) | undefined;
    let done = false;
    const consuming = consume({
      record: async (messages) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        await acknowledge(messages);
        done = true;
        return [];
      },
    });
    await waitFor(() => finish !== undefined, { timeoutMs: 10_000, what: 'the recording to begin' });
    const stopped = consuming.stop().then(() => done);
    finish?.();
    expect(await stopped).toBe(true);
    await queueEmpty(connection, 5_000);
  });

  it('keeps a message whose recording takes longer than the ack wait', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 1);
    await publish(connection, clicks(1));
    let received = 0;
    let released = false;
    const consuming = consume({
      ackWaitMs: 1_000,
      onReceived: () => {
        received += 1;
      },
      record: async (messages) => {
        // Three times the ack wait.
        await delay(3_000);
        released = true;
        return await acknowledge(messages);
      },
    });
    await queueEmpty(connection, 10_000);
    await consuming.stop();
    expect([released, received]).toEqual([true, 1]);
  });

  it('continues while messages wait for their dead letters, and counts these as buffered', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    const sequences = await publish(connection, clicks(30));
    const isBad = (message: BufferedMessage) => sequences.indexOf(message.message.info.streamSequence) % 5 === 0;
    const recorded: number[] = [];
    const letters: (() => void)[] = [];
    const waiting: BadMessage[] = [];
    const consuming = consume({
      record: async (messages) => {
        const good = messages.filter((message) => !isBad(message));
        recorded.push(...good.map(({ message }) => message.info.streamSequence));
        await acknowledge(good);
        return messages.filter(isBad).map((buffered) => ({ buffered, parts: [] }));
      },
      writeDeadLetters: (messages) => {
        waiting.push(...messages);
        return messages.map(
          ({ buffered }) =>
            new Promise<void>((resolve) => {
              letters.push(() => {
                buffered.message.ack();
                resolve();
              });
            }),
        );
      },
    });
    await waitFor(() => recorded.length === 24, { timeoutMs: 10_000, what: 'all good messages to be recorded' });
    expect(waiting).toHaveLength(6);
    await waitFor(async () => (await unacknowledged()) === 6, {
      timeoutMs: 10_000,
      what: 'the good messages to be acknowledged',
    });
    expect(consuming.isIdle()).toBe(false);
    for (const store of letters) store();
    await queueEmpty(connection);
    await consuming.stop();
    expect(consuming.isIdle()).toBe(true);
  });

  it('does not pull while the maximum number of messages waits for dead letters', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    await publish(connection, clicks(30));
    const consuming = consume({
      record: async (messages) => messages.map((buffered) => ({ buffered, parts: [] })),
      writeDeadLetters: (messages) => messages.map(() => new Promise(() => undefined)),
    });
    await waitFor(async () => (await unacknowledged()) === 10, {
      timeoutMs: 10_000,
      what: 'ten messages to be buffered',
    });
    // A pull that requested too many messages would have received them by the end of the next one.
    await delay(500);
    expect(await unacknowledged()).toBe(10);
    await consuming.stop();
  });

  it('accepts messages that arrived while the event loop was blocked', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 }, 60);
    let received = 0;
    const consuming = consume({
      maxMessages: 1_000,
      onReceived: () => {
        received += 1;
      },
      record: acknowledge,
    });
    const publisher = new Worker(PUBLISHER, {
      eval: true,
      workerData: { address: connection.getServer(), subject: EVENT_SUBJECT, message: encodeEvents([click()]) },
    });
    let running = true;
    publisher.once('exit', () => {
      running = false;
    });
    while (running) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      await delay(20);
    }
    await queueEmpty(connection);
    await consuming.stop();
    expect(received).toBe(300);
  });
});

/** Publishes 300 messages, one every 20 ms, in a thread of its own that nothing blocks. */
const PUBLISHER = `
  const { workerData: { address, subject, message } } = require('node:worker_threads');
  const [host, port] = address.split(':');
  const socket = require('node:net').connect({ host, port: Number(port) }, () => {
    socket.write('CONNECT {"verbose":false}\\r\\n');
    let count = 0;
    const timer = setInterval(() => {
      socket.write(\`PUB \${subject} \${message.length}\\r\\n\`);
      socket.write(message);
      socket.write('\\r\\n');
      count += 1;
      if (count < 300) return;
      clearInterval(timer);
      socket.end();
    }, 20);
  });
  socket.resume();
`;
