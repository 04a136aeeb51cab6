import type { Backlog } from './consumer-metrics.js';

/** After three ack waits without a change, no consumer works on any message. */
const ACK_WAITS = 3;

/**
 * Detects a queue whose stream and consumer state disagree. If a killed NATS server has saved the deletion of a message but not
 * its acknowledgement, it waits for the acknowledgement forever. If it has saved the acknowledgement but not the deletion, it
 * keeps the message forever. Each kill may add such messages, until the stream is full or no more are delivered.
 *
 * @param now milliseconds of a monotonic clock
 * @returns true if messages exist, all were delivered, and nothing changed for three ack waits
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
