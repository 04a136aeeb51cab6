import type { Backlog } from './consumer-metrics.js';

/** After three ack waits without a change, no consumer works on any message. */
const ACK_WAITS = 3;

/**
 * Detects a queue whose stream and consumer state disagree. A killed NATS server may have saved the deletion of a message but
 * not its acknowledgement, and then waits for the acknowledgement forever. Or it saved the acknowledgement but not the deletion,
 * and then keeps the message forever. Each kill may add some messages, until the stream is full or no more are delivered.
 *
 * @param now milliseconds of a monotonic clock
 * @returns true when messages exist, none is pending, and nothing changed for three ack waits
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
