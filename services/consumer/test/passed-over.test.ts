import { describe, expect, it } from '@jest/globals';
import { createPassedOverWatch } from '../src/passed-over.js';

const PASSED = { pending: 3, unacknowledged: 2, stored: 7, first: 178, ackFloor: 9_000, delivered: 9_010 };

function watchOver() {
  const clock = { now: 1_000_000 };
  const isPassedOver = createPassedOverWatch(10_000, () => clock.now);
  return (milliseconds: number, backlog = PASSED) => {
    clock.now += milliseconds;
    return isPassedOver(backlog);
  };
}

describe('a message', () => {
  it('is passed over when it stays though all up to it is acknowledged, whatever else moves', () => {
    const after = watchOver();
    const moving = { ...PASSED, ackFloor: 9_500, delivered: 9_520, pending: 0 };
    expect([after(0), after(10_000), after(1, moving)]).toEqual([false, false, true]);
  });

  it.each([
    ['it is not acknowledged yet', { ...PASSED, first: 9_001 }],
    ['the oldest is another one', { ...PASSED, first: 179 }],
    ['there is none', { ...PASSED, stored: 0, first: 9_014 }],
  ])('is not when %s', (_reason, backlog) => {
    const after = watchOver();
    expect([after(0), after(10_000), after(1, backlog), after(10_000), after(10_000, backlog)]).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
