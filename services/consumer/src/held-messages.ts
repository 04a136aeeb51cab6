import { type Decoded, decodeEvents } from '@ads/models';

/** What the consumer needs of a JetStream message. */
export interface QueuedMessage {
  readonly data: Uint8Array;
  readonly info: {
    readonly stream: string;
    readonly streamSequence: number;
    /** 1 when it is delivered for the first time. */
    readonly deliveryCount: number;
  };
  /** Done: the queue forgets it. */
  ack(): void;
  /** Not done: the queue delivers it again, at once or after a delay. */
  nak(delayMs?: number): void;
  /** Still at it: don't give it to somebody else yet. */
  working(): void;
}

/** A message that this process has and has not acknowledged. */
export interface HeldMessage {
  readonly message: QueuedMessage;
  readonly decoded: Decoded;
}

/**
 * Tells the queue something about messages. A connection that was closed for good takes nothing any more: the queue then
 * gives them out again, and recording them again changes nothing.
 */
export function tell(messages: readonly HeldMessage[], say: (message: QueuedMessage) => void): void {
  for (const { message } of messages) {
    try {
      say(message);
    } catch {
      return;
    }
  }
}

/** How much may be held: what is full first, counts. */
export interface Capacity {
  readonly messages: number;
  /** Of their data as they came. Decoded they take some times as much. */
  readonly bytes: number;
}

/**
 * Messages asked for at a time. How large they are is known when they are there: by so many at most the bytes may be
 * exceeded.
 */
const MOST_AT_ONCE = 100;

/**
 * The messages between the pulling and the recording, those that are being recorded included. It is bounded, so a database
 * that is away fills JetStream and not this process.
 */
export class HeldMessages {
  readonly #waiting: HeldMessage[] = [];
  readonly #taken = new Set<HeldMessage>();
  #bytes = 0;
  #wake: (() => void)[] = [];
  readonly #capacity: Capacity;

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** How many more may be asked for now. */
  room(): number {
    if (this.#bytes >= this.#capacity.bytes) return 0;
    return Math.min(this.#capacity.messages - this.#waiting.length - this.#taken.size, MOST_AT_ONCE);
  }

  put(message: QueuedMessage): void {
    this.#waiting.push({ message, decoded: decodeEvents(message.data) });
    this.#bytes += message.data.length;
    this.#changed();
  }

  /** Takes what waits, up to about `maxEvents` events, at least one message where there is any. */
  take(maxEvents: number): readonly HeldMessage[] {
    let events = 0;
    let count = 0;
    for (const { decoded } of this.#waiting) {
      events += decoded.state === 'decoded' ? decoded.events.length : 1;
      if (count > 0 && events > maxEvents) break;
      count += 1;
    }
    const taken = this.#waiting.splice(0, count);
    for (const one of taken) this.#taken.add(one);
    return taken;
  }

  /** Some of what was taken is done with. */
  finish(done: readonly HeldMessage[]): void {
    for (const one of done) {
      this.#taken.delete(one);
      this.#bytes -= one.message.data.length;
    }
    this.#changed();
  }

  /** All of them, for telling the queue that they are still being worked on, or that they never will be. */
  all(): readonly HeldMessage[] {
    return [...this.#taken, ...this.#waiting];
  }

  /** True while none waits. */
  isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves at the next change of what is held, or interruption. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  /** Wakes whoever waits for a change: there is something else to look at. */
  interrupt(): void {
    this.#changed();
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
