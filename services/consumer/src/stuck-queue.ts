import type { Backlog } from './consumer-metrics.js';

/** Silence of so many ack waits: whoever had a message has it no more. */
const ACK_WAITS = 3;

/**
 * Notices a queue whose books don't agree. A NATS server that is killed may have saved the removal of a message and not
 * its acknowledgement, and then waits for it for ever; or the acknowledgement and not the removal, and then keeps the
 * message for ever. Each kill may add some, until the stream is full, or nothing may be delivered any more.
 *
 * @param now milliseconds by a clock that nobody sets
 * @returns true when messages are there, none of them waits, and nothing moved for some ack waits
 */
export function createStuckQueueWatch(ackWaitMs: number, now: () => number): (backlog: Backlog) => boolean {
  let last = '';
  let since = now();
  return (backlog) => {
    const state = JSON.stringify(backlog);
    const isEmpty = backlog.unacknowledged === 0 && backlog.stored === 0;
    if (state !== last || backlog.pending > 0 || isEmpty) {
      last = state;
      since = now();
      return false;
    }
    return now() - since > ACK_WAITS * ackWaitMs;
  };
}
