import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import { every, within } from '@ads/runtime';
import type { ConsumerMessages, NatsConnection } from 'nats';
import { extendAckWait, nakAll } from './acknowledge.js';
import { createBatchSize } from './batch-size.js';
import type { BadMessage } from './dead-letters.js';
import { type BufferedMessage, MessageBuffer, type QueuedMessage } from './message-buffer.js';
import { Rhythm } from './rhythm.js';

/** Observes the recording of messages. */
export interface ConsumeObserver {
  /** A message arrived. */
  onReceived(message: QueuedMessage): void;
  /** A batch was recorded, and no failed batch is left. */
  onRecorded(): void;
  /** An attempt to record failed. During an outage this is called for each retry. */
  onFailure(error: unknown): void;
  onPullFailure(error: unknown): void;
}

export interface ConsumeOptions {
  /** The connection, undefined while there is none. */
  readonly connection: () => NatsConnection | undefined;
  /**
   * Records messages, acknowledges those that are recorded completely, and returns the others. Called concurrently, and again
   * with messages whose recording failed.
   */
  readonly record: (messages: readonly BufferedMessage[]) => Promise<readonly BadMessage[]>;
  /** Stores the dead letters of messages, and then acknowledges or returns each message. One promise per message. */
  readonly writeDeadLetters: (messages: readonly BadMessage[]) => readonly Promise<unknown>[];
  readonly observer: ConsumeObserver;
  /** Maximum number of unacknowledged messages. */
  readonly maxMessages: number;
  /** Pulling stops at this many bytes of these messages; the last pull may exceed it. */
  readonly maxBytes: number;
  /** Maximum number of events in one batch, unless a single message has more. */
  readonly maxEvents: number;
  /** Shortest time between the beginnings of two batches, in milliseconds, while few events wait. */
  readonly lingerMs: number;
  /** Time after which JetStream delivers an unacknowledged message again. */
  readonly ackWaitMs: number;
}

/** A running consumer. */
export interface Consuming {
  /** True while this process holds no message. */
  isIdle(): boolean;
  /** Finishes the batches in progress and returns all other messages to the queue. */
  stop(): Promise<void>;
}

/** Longest wait of one pull, which `stop` waits for. */
const PULL_MS = 1_000;
/** If the event loop is blocked for longer, pulled messages may be dropped and redelivered after their ack wait. */
const BLOCKED_MS = 2_000;
/** Longest wait of `stop` for dead letters. Messages whose dead letters are not stored by then are returned to the queue. */
const DEAD_LETTERS_STOP_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Concurrent batches: while one is in Postgres, the other is assembled, raised or acknowledged. Each is raised after its own
 * commit and acknowledged after its own raise, so they are independent.
 */
const BATCHES_AT_ONCE = 2;

/**
 * The number of events with which a batch begins at once. The costs of a transaction are the same for each, and with this many
 * events they are small beside those of the events.
 */
const ENOUGH_EVENTS = 1_000;

/**
 * Pulls messages and records them. Messages that arrive while all batches are in progress form the next batch. Batches begin at
 * intervals of `lingerMs` at least, unless {@link ENOUGH_EVENTS} wait: the first message after a pause is recorded at once. A failed batch
 * is retried until it succeeds, and the ack wait of all messages is extended meanwhile.
 */
export function startConsuming(options: ConsumeOptions): Consuming {
  const { connection, record, writeDeadLetters, observer } = options;
  const { maxMessages, maxBytes, maxEvents, lingerMs, ackWaitMs } = options;
  const buffer = new MessageBuffer({ messages: maxMessages, bytes: maxBytes });
  const stopping = new AbortController();
  const { signal } = stopping;
  let pulled: ConsumerMessages | undefined;
  const size = createBatchSize(maxEvents);
  const aside = new Set<Promise<void>>();
  let failing = 0;
  // A full buffer is enough too: nothing more would arrive.
  const rhythm = new Rhythm(
    lingerMs,
    () => signal.aborted || buffer.room() === 0 || buffer.waitingEvents() >= Math.min(ENOUGH_EVENTS, size.events()),
  );

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
            observer.onReceived(message);
            buffer.put(message);
            rhythm.changed();
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
        // Messages that were read from the socket together go into one batch.
        await nextTurn();
        continue;
      }
      await rhythm.turn();
      // The other worker may have taken the messages.
      if (buffer.isEmpty() || signal.aborted) continue;
      rhythm.begin();
      await recordUntilDone(buffer.take(size.events()));
    }
  }

  /** Retries a failed batch in halves: it may have been too large for the statement timeout. */
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

  /** Messages that wait for their dead letters stay in the buffer, and no worker waits for them. */
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
      rhythm.changed();
      // Waits for the end of the last pull: if it were stopped, a message on its way would be redelivered only after its ack
      // wait. Without NATS the pull may not end, so it is stopped later.
      const late = setTimeout(() => pulled?.stop(), 2 * PULL_MS);
      await Promise.all([pulling, ...working]);
      await within(DEAD_LETTERS_STOP_MS, Promise.all(aside), () => undefined);
      clearTimeout(late);
      await ackWaits.stop();
      nakAll(buffer.all());
    },
  };
}

/**
 * Keeps a pull open for 2 s after its expected end, because JetStream's report of the end may be read late. Without the report
 * the client closes the pull 50 ms after that end. When the event loop is blocked for longer, the client closes the pull before
 * it reads messages that have arrived, and drops them: they are redelivered only after their ack wait.
 */
function closeLater(pulled: ConsumerMessages): void {
  const close = pulled.close.bind(pulled);
  pulled.close = async () => {
    await delay(BLOCKED_MS, undefined, { ref: false });
    return await close();
  };
}
