import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import { every, within } from '@ads/runtime';
import type { ConsumerMessages, NatsConnection } from 'nats';
import { extendAckWait, nakAll } from './acknowledge.js';
import { createBatchSize } from './batch-size.js';
import type { BadMessage } from './dead-letters.js';
import { type BufferedMessage, MessageBuffer } from './message-buffer.js';

/** Notified by the recording of messages. */
export interface ConsumeObserver {
  /** A message arrived. */
  onReceived(): void;
  /** A batch was recorded, and no failed batch is left. */
  onRecorded(): void;
  /** An attempt to record failed; the same may fail for hours. */
  onFailure(error: unknown): void;
  onPullFailure(error: unknown): void;
}

export interface ConsumeOptions {
  /** The connection, undefined while there is none. */
  readonly connection: () => NatsConnection | undefined;
  /**
   * Records messages and acknowledges those that are recorded completely; called again before it is done, and again with
   * what failed. Returns the others.
   */
  readonly record: (messages: readonly BufferedMessage[]) => Promise<readonly BadMessage[]>;
  /** Writes the dead letters of messages, then acknowledges them or gives them back; a promise for each message. */
  readonly writeDeadLetters: (messages: readonly BadMessage[]) => readonly Promise<unknown>[];
  readonly observer: ConsumeObserver;
  /** The most messages that this process has at a time, unacknowledged. */
  readonly maxMessages: number;
  /** The most bytes of them; a hundred messages may come on top. */
  readonly maxBytes: number;
  /** The most events in one batch, unless a single message has more. */
  readonly maxEvents: number;
  /** How long JetStream waits before it gives an unacknowledged message to somebody else. */
  readonly ackWaitMs: number;
}

/** A consumer that runs. */
export interface Consuming {
  /** True while it holds no message. */
  isIdle(): boolean;
  /** Finishes what is being recorded, gives the rest back, and returns. */
  stop(): Promise<void>;
}

/** How long one pull waits for messages, and so how long an end may take. */
const PULL_MS = 1_000;
/** How long a process may be buffer up without missing what came meanwhile. */
const HELD_UP_MS = 2_000;
/** How long an end waits for dead letters; messages without theirs are given back. */
const LETTERS_END_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Batches that are recorded at a time: while one is in Postgres, the other is made, raised or acknowledged. Each is raised
 * after its own commit and acknowledged after its own raise, so neither needs to know of the other.
 */
const BATCHES_AT_ONCE = 2;

/**
 * Pulls messages and has them recorded; what arrives while all batches are under way is the next one. What fails is tried
 * again for as long as it takes, and the queue is told that we are still at it.
 */
export function startConsuming(options: ConsumeOptions): Consuming {
  const { connection, record, writeDeadLetters, observer } = options;
  const { maxMessages, maxBytes, maxEvents, ackWaitMs } = options;
  const buffer = new MessageBuffer({ messages: maxMessages, bytes: maxBytes });
  const stopping = new AbortController();
  const { signal } = stopping;
  let pulled: ConsumerMessages | undefined;
  const size = createBatchSize(maxEvents);
  const aside = new Set<Promise<void>>();
  let failing = 0;

  async function pull(): Promise<void> {
    while (!signal.aborted) {
      if (buffer.room() === 0) {
        await buffer.change();
        continue;
      }
      try {
        const nats = connection();
        if (!nats) throw new Error('NATS is not connected');
        const consumer = await nats.jetstream().consumers.get(EVENT_STREAM, LEDGER_CONSUMER);
        while (!signal.aborted && connection() === nats && buffer.room() > 0) {
          pulled = await consumer.fetch({ max_messages: buffer.room(), expires: PULL_MS });
          closeLater(pulled);
          for await (const message of pulled) {
            observer.onReceived();
            buffer.put(message);
          }
        }
      } catch (error) {
        if (connection()) observer.onPullFailure(error);
        await pause(FIRST_PAUSE_MS);
      }
    }
  }

  async function work(): Promise<void> {
    while (!signal.aborted) {
      if (buffer.isEmpty()) {
        await buffer.change();
        // What was read from the connection together goes into one batch.
        await nextTurn();
      } else {
        await recordUntilDone(buffer.take(size.events()));
      }
    }
  }

  /** What failed is tried in halves: it may have been more than Postgres can do in the time that a statement has. */
  async function recordUntilDone(batch: readonly BufferedMessage[]): Promise<void> {
    const parts = [batch];
    let failed = false;
    let wait = FIRST_PAUSE_MS;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const began = performance.now();
      try {
        const bad = await record(part);
        const waiting = new Set(bad.map((one) => one.buffered));
        buffer.finish(part.filter((one) => !waiting.has(one)));
        putAside(bad);
        size.took(performance.now() - began);
      } catch (error) {
        observer.onFailure(error);
        size.failed();
        if (!failed) failing += 1;
        failed = true;
        await pause(wait);
        wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
        const middle = Math.ceil(part.length / 2);
        if (part.length > middle) parts.push(part.slice(middle));
        parts.push(part.slice(0, middle));
      }
      if (signal.aborted) return;
    }
    if (failed) failing -= 1;
    if (failing === 0) observer.onRecorded();
  }

  /** Messages that wait for their dead letters are still buffer, and no worker waits for them. */
  function putAside(bad: readonly BadMessage[]): void {
    for (const [index, fate] of writeDeadLetters(bad).entries()) {
      const message = bad[index]?.buffered;
      const settled = fate.then(() => {
        aside.delete(settled);
        if (message) buffer.finish([message]);
      });
      aside.add(settled);
    }
  }

  async function pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  const ackWaits = every(ackWaitMs / 3, () => extendAckWait(buffer.all()));
  const pulling = pull();
  const working = Array.from({ length: BATCHES_AT_ONCE }, work);

  return {
    isIdle: () => buffer.all().length === 0,
    async stop() {
      stopping.abort();
      buffer.interrupt();
      // The pull is let run out: a message on its way to one that was broken off would be nobody's until its ack wait
      // is over. Without NATS it may not run out by itself.
      const late = setTimeout(() => pulled?.stop(), 2 * PULL_MS);
      await Promise.all([pulling, ...working]);
      await within(LETTERS_END_MS, Promise.all(aside), () => undefined);
      clearTimeout(late);
      await ackWaits.stop();
      // Somebody else may have them now.
      nakAll(buffer.all());
    },
  };
}

/**
 * JetStream says when a pull is over. Where it doesn't, the client closes the pull 50 ms after it should be; and in a
 * process that was buffer up for longer, what has come is read after that, and dropped: nobody has it until its ack wait is
 * over.
 */
function closeLater(pulled: ConsumerMessages): void {
  const close = pulled.close.bind(pulled);
  pulled.close = async () => {
    await delay(HELD_UP_MS, undefined, { ref: false });
    return await close();
  };
}
