import type { Backlog } from './consumer-metrics.js';

/** Sequence numbers, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Notices messages that the queue holds though all up to them count as acknowledged: nobody will be given them. A NATS
 * server that takes over from one that died may have missed that they were on their way, or that they are done with; only
 * the ledger can tell these apart. Unlike a queue that stands still this is seen under any traffic.
 */
export interface PassedOverWatch {
  /**
   * Where there may be such messages that nobody has read past the queue yet; undefined while there are none. The oldest
   * must be there for longer than an ack wait: what was acknowledged is gone by then.
   */
  look(backlog: Backlog): Range | undefined;
  /** All up to here is recorded. */
  readPast(to: number): void;
}

/** @param now milliseconds by a clock that nobody sets */
export function createPassedOverWatch(ackWaitMs: number, now: () => number): PassedOverWatch {
  let oldest = 0;
  let since = now();
  let readTo = 0;
  return {
    look({ first, ackFloor }) {
      // Numbers that go back are those of another copy of the stream, or of a consumer that was made anew.
      if (first < oldest || ackFloor < readTo) readTo = 0;
      if (first !== oldest || first > ackFloor) {
        oldest = first;
        since = now();
        return undefined;
      }
      const from = Math.max(first, readTo + 1);
      return now() - since > ackWaitMs && from <= ackFloor ? { from, to: ackFloor } : undefined;
    },
    readPast(to) {
      readTo = to;
    },
  };
}
