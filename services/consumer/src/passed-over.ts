import type { Backlog } from './consumer-metrics.js';

/**
 * Notices messages that the queue holds though all up to them count as acknowledged: nobody will be given them. A NATS
 * server that takes over from one that died may have missed that they were on their way, or that they are done with; only
 * the ledger can tell these apart. Unlike a queue that stands still this is seen under any traffic.
 *
 * @returns true when the oldest message is one of these for longer than an ack wait: what was acknowledged is gone by then
 */
export function createPassedOverWatch(ackWaitMs: number, now: () => number): (backlog: Backlog) => boolean {
  let oldest = 0;
  let since = now();
  return ({ first, ackFloor }) => {
    if (first !== oldest || first > ackFloor) {
      oldest = first;
      since = now();
      return false;
    }
    return now() - since > ackWaitMs;
  };
}
