import type { ServerResponse } from 'node:http';

/** Why the service ended a stream, in log lines and metrics. */
export type EndReason = 'slow_reader' | 'replaced' | 'shutdown' | 'ledger_changed' | 'key_ended';

/** Below the read timeouts of all gateways. */
const HEARTBEAT_MS = 15_000;
const HEARTBEAT = ': heartbeat\n\n';
/** How long a reader may take to read one message. */
const SLOW_MS = 5_000;
/** Streams reconnect at different times within this range: all of them end together when the service shuts down. */
const RETRY_MS = { min: 1_000, max: 3_000 };

export interface LiveStreamOptions {
  /** The response, whose head is sent with the first write. */
  readonly response: ServerResponse;
  /** Called before the service ends the stream. */
  readonly onEnd: (reason: EndReason) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * One open stream of server-sent events.
 *
 * The process buffers at most one message for it: while bytes wait to be sent, nothing is written. A reader that falls behind
 * misses states, and gets the current one as soon as it has read the message before. A reader that does not read a message within
 * 5 s is dropped.
 */
export class LiveStream {
  readonly #response: ServerResponse;
  readonly #onEnd: LiveStreamOptions['onEnd'];
  readonly #now: () => number;
  #writtenAt: number;
  /** The state that the reader has, without its time. */
  #shown: string | undefined;

  constructor({ response, onEnd, now }: LiveStreamOptions) {
    this.#response = response;
    this.#onEnd = onEnd;
    this.#now = now;
    this.#writtenAt = now();
    const retry = RETRY_MS.min + Math.random() * (RETRY_MS.max - RETRY_MS.min);
    this.#write(`retry: ${Math.round(retry)}\n\n`);
  }

  /** True once a state was written. */
  hasState(): boolean {
    return this.#shown !== undefined;
  }

  /**
   * Sends a state, unless the reader has it or is behind.
   *
   * @param state the state without its time, which is compared with the one before
   * @param message the state as it is sent
   */
  show(state: string, message: () => string): void {
    if (this.#shown === state || this.#isBehind()) return;
    this.#shown = state;
    this.#write(message());
  }

  /** To be called every second. Sends the heartbeat, and drops a slow reader. */
  beat(): void {
    const silentMs = this.#now() - this.#writtenAt;
    if (!this.#isBehind()) {
      if (silentMs >= HEARTBEAT_MS) this.#write(HEARTBEAT);
    } else if (silentMs >= SLOW_MS) this.end('slow_reader');
  }

  /** Ends the stream at once. Bytes that wait to be sent are dropped, so that a reader cannot delay a shutdown. */
  end(reason: EndReason): void {
    this.#onEnd(reason);
    if (this.#isBehind()) this.#response.destroy();
    else this.#response.end();
  }

  #isBehind(): boolean {
    return this.#response.writableLength > 0;
  }

  #write(text: string): void {
    this.#writtenAt = this.#now();
    this.#response.write(text);
  }
}
