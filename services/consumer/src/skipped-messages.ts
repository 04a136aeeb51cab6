import type { Backlog } from './consumer-metrics.js';

/** Stream sequence numbers, both ends included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Finds skipped messages: the stream holds them although they are at or below the ack floor of the consumer, so NATS delivers
 * them to nobody. A NATS server that takes over from a killed one may lack its last deliveries or acknowledgements. Only the
 * ledger shows whether such a message is recorded. Other traffic does not hide skipped messages from this check.
 */
export interface SkippedMessagesWatch {
  /**
   * The range that may hold skipped messages that were not recovered yet; undefined while there is none. The oldest message
   * must be at or below the ack floor for longer than an ack wait: by then an acknowledged message is deleted.
   */
  look(backlog: Backlog): Range | undefined;
  /** All messages up to this sequence number are recorded. */
  recovered(to: number): void;
}

/** @param now milliseconds of a monotonic clock */
export function createSkippedMessagesWatch(ackWaitMs: number, now: () => number): SkippedMessagesWatch {
  let oldest = 0;
  let since = now();
  let recoveredTo = 0;
  return {
    look({ first, ackFloor }) {
      // A number that decreases belongs to another copy of the stream, or to a recreated durable consumer.
      if (first < oldest || ackFloor < recoveredTo) recoveredTo = 0;
      if (first !== oldest || first > ackFloor) {
        oldest = first;
        since = now();
        return undefined;
      }
      const from = Math.max(first, recoveredTo + 1);
      return now() - since > ackWaitMs && from <= ackFloor ? { from, to: ackFloor } : undefined;
    },
    recovered(to) {
      recoveredTo = to;
    },
  };
}
