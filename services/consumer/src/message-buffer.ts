import { type Decoded, decodeEvents } from '@ads/models';

/** The part of a JetStream message that the consumer uses. */
export interface QueuedMessage {
  readonly data: Uint8Array;
  readonly headers?: { get(name: string): string } | undefined;
  readonly info: {
    readonly stream: string;
    readonly streamSequence: number;
    /** 1 at the first delivery. */
    readonly deliveryCount: number;
  };
  /** The queue deletes the message. */
  ack(): void;
  /** The queue delivers the message again, at once or after a delay. */
  nak(delayMs?: number): void;
  /** Restarts the ack wait, so that JetStream does not redeliver the message. */
  working(): void;
}

/** A message that this process has not acknowledged, with its events. */
export interface BufferedMessage {
  readonly message: QueuedMessage;
  readonly decoded: Decoded;
}

/** The limits of a buffer. It is full when one of them is reached. */
export interface Capacity {
  readonly messages: number;
  /** Bytes of message data as received. Decoded events take several times as much. */
  readonly bytes: number;
}

/**
 * Messages per pull. The size of a message is unknown before it arrives, so the bytes may exceed their limit by the messages
 * of one pull.
 */
const MAX_PER_REQUEST = 100;

/**
 * Messages between pulling and recording, including those that are being recorded. The buffer is bounded: while Postgres is
 * unavailable, JetStream fills and this process does not.
 */
export class MessageBuffer {
  readonly #waiting: BufferedMessage[] = [];
  readonly #taken = new Set<BufferedMessage>();
  #bytes = 0;
  /** The events of waiting messages. */
  #events = 0;
  #wake: (() => void)[] = [];
  readonly #capacity: Capacity;

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** The number of messages that may be requested now. */
  room(): number {
    if (this.#bytes >= this.#capacity.bytes) return 0;
    return Math.min(this.#capacity.messages - this.#waiting.length - this.#taken.size, MAX_PER_REQUEST);
  }

  put(message: QueuedMessage): void {
    const buffered = { message, decoded: decodeEvents(message.data) };
    this.#waiting.push(buffered);
    this.#events += eventsIn(buffered);
    this.#bytes += message.data.length;
    this.#changed();
  }

  /** Takes waiting messages with up to `maxEvents` events. A first message with more events is taken alone. */
  take(maxEvents: number): readonly BufferedMessage[] {
    let events = 0;
    let count = 0;
    for (const one of this.#waiting) {
      events += eventsIn(one);
      if (count > 0 && events > maxEvents) break;
      count += 1;
    }
    const taken = this.#waiting.splice(0, count);
    for (const one of taken) {
      this.#taken.add(one);
      this.#events -= eventsIn(one);
    }
    return taken;
  }

  /** Removes taken messages that are acknowledged or returned. */
  finish(done: readonly BufferedMessage[]): void {
    for (const one of done) {
      this.#taken.delete(one);
      this.#bytes -= one.message.data.length;
    }
    this.#changed();
  }

  /** All messages, taken and waiting. */
  all(): readonly BufferedMessage[] {
    return [...this.#taken, ...this.#waiting];
  }

  /** True while no message waits; taken messages do not count. */
  isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The number of events in messages that wait. */
  waitingEvents(): number {
    return this.#events;
  }

  /** Resolves at the next put, finish or interrupt. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  /** Resolves all pending `change()` calls, for a caller that stops. */
  interrupt(): void {
    this.#changed();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** An unreadable message is one bad event. */
function eventsIn({ decoded }: BufferedMessage): number {
  return decoded.state === 'decoded' ? decoded.events.length : 1;
}
