import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import type { ConsumerMessages, NatsConnection } from 'nats';
import { type HeldMessage, HeldMessages, tell } from './held-messages.js';

export interface ConsumeOptions {
  /** The connection, undefined while there is none. */
  readonly connection: () => NatsConnection | undefined;
  /** Records and acknowledges. It is tried again until it succeeds. */
  readonly record: (messages: readonly HeldMessage[]) => Promise<void>;
  readonly onReceived: () => void;
  /** Told of each failure to record; the same may fail for hours. */
  readonly onFailure: (error: unknown) => void;
  readonly onPullFailure: (error: unknown) => void;
  /** Told that a batch was recorded. */
  readonly onRecorded: () => void;
  /** The most messages that this process has at a time, unacknowledged. */
  readonly maxMessages: number;
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
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Pulls messages and has them recorded, one batch at a time; what arrives meanwhile is the next batch. A batch that
 * fails is tried again for as long as it takes, and the queue is told that we are still at it.
 */
export function startConsuming(options: ConsumeOptions): Consuming {
  const { connection, record, onReceived, onRecorded, onFailure, onPullFailure } = options;
  const { maxMessages, maxEvents, ackWaitMs } = options;
  const held = new HeldMessages(maxMessages);
  const stopping = new AbortController();
  const { signal } = stopping;
  let pulled: ConsumerMessages | undefined;

  async function pull(): Promise<void> {
    while (!signal.aborted) {
      if (held.room() === 0) {
        await held.change();
        continue;
      }
      try {
        const nats = connection();
        if (!nats) throw new Error('NATS is not connected');
        const consumer = await nats.jetstream().consumers.get(EVENT_STREAM, LEDGER_CONSUMER);
        while (!signal.aborted && connection() === nats && held.room() > 0) {
          pulled = await consumer.fetch({ max_messages: held.room(), expires: PULL_MS });
          for await (const message of pulled) {
            onReceived();
            held.put(message);
          }
        }
      } catch (error) {
        if (connection()) onPullFailure(error);
        await pause(FIRST_PAUSE_MS);
      }
    }
  }

  async function work(): Promise<void> {
    while (!signal.aborted) {
      if (held.isEmpty()) {
        await held.change();
        continue;
      }
      const messages = held.take(maxEvents);
      await recordUntilDone(messages);
      held.finish();
    }
  }

  async function recordUntilDone(messages: readonly HeldMessage[]): Promise<void> {
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        await record(messages);
        return onRecorded();
      } catch (error) {
        onFailure(error);
        if (signal.aborted) return giveBack(messages);
        await pause(wait);
      }
    }
  }

  async function pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  const stillWorking = setInterval(() => {
    tell(held.all(), (message) => message.working());
  }, ackWaitMs / 3);
  const pulling = pull();
  const working = work();

  return {
    isIdle: () => held.all().length === 0,
    async stop() {
      stopping.abort();
      held.interrupt();
      // The pull is let run out: a message on its way to one that was broken off would be nobody's until its ack wait
      // is over. Without NATS it may not run out by itself.
      const late = setTimeout(() => pulled?.stop(), 2 * PULL_MS);
      await Promise.all([pulling, working]);
      clearTimeout(late);
      clearInterval(stillWorking);
      giveBack(held.all());
    },
  };
}

/** Somebody else may have them now. */
function giveBack(messages: readonly HeldMessage[]): void {
  tell(messages, (message) => message.nak());
}
