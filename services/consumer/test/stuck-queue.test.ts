import { describe, expect, it } from '@jest/globals';
import { createStuckQueueWatch } from '../src/stuck-queue.js';

const SILENT = {
  pending: 0,
  unacknowledged: 33,
  stored: 29,
  waitingDeadLetters: 0,
  newer: [],
  first: 1_900,
  ackFloor: 1_899,
  delivered: 1_929,
};

function watchOver() {
  const clock = { now: 1_000_000 };
  const isStuck = createStuckQueueWatch(10_000, () => clock.now);
  return (milliseconds: number, backlog = SILENT) => {
    clock.now += milliseconds;
    return isStuck(backlog);
  };
}

describe('a queue', () => {
  it.each([
    ['unacknowledged but not in the stream', { ...SILENT, stored: 0 }],
    ['acknowledged but still in the stream', { ...SILENT, unacknowledged: 0 }],
  ])('is stuck if it did not change for three ack waits and its messages are %s', (_what, backlog) => {
    const after = watchOver();
    expect([after(0, backlog), after(30_000, backlog), after(1, backlog)]).toEqual([false, false, true]);
  });

  it.each([
    ['a message was delivered', { ...SILENT, delivered: 1_930 }],
    ['a message was acknowledged', { ...SILENT, unacknowledged: 32, stored: 28 }],
    ['a message is pending', { ...SILENT, pending: 1 }],
    ['it is empty', { ...SILENT, unacknowledged: 0, stored: 0 }],
  ])('is not stuck if %s', (_reason, backlog) => {
    const after = watchOver();
    expect([after(0), after(30_000), after(1, backlog), after(0), after(30_000)]).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
