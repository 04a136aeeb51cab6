import { describe, expect, it } from '@jest/globals';
import { createSkippedMessagesWatch } from '../src/skipped-messages.js';

const SKIPPED = {
  pending: 3,
  unacknowledged: 2,
  stored: 7,
  waitingDeadLetters: 0,
  newer: [],
  first: 178,
  ackFloor: 9_000,
  delivered: 9_010,
};

function watchOver() {
  const clock = { now: 1_000_000 };
  const watch = createSkippedMessagesWatch(10_000, () => clock.now);
  const look = (milliseconds: number, backlog = SKIPPED) => {
    clock.now += milliseconds;
    return watch.look(backlog);
  };
  return { watch, look, after: (milliseconds: number, backlog = SKIPPED) => look(milliseconds, backlog) !== undefined };
}

describe('a message', () => {
  it('is skipped if it stays at or below the ack floor, even if other messages move', () => {
    const { after } = watchOver();
    const moving = { ...SKIPPED, ackFloor: 9_500, delivered: 9_520, pending: 0 };
    expect([after(0), after(10_000), after(1, moving)]).toEqual([false, false, true]);
  });

  it.each([
    ['it is above the ack floor', { ...SKIPPED, first: 9_001 }],
    ['the oldest message has changed', { ...SKIPPED, first: 179 }],
    ['the stream is empty', { ...SKIPPED, stored: 0, first: 9_014 }],
  ])('is not skipped if %s', (_reason, backlog) => {
    const { after } = watchOver();
    expect([after(0), after(10_000), after(1, backlog), after(10_000), after(10_000, backlog)]).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('is searched for from the oldest message to the ack floor, and later from the end of the last search', () => {
    const { watch, look } = watchOver();
    look(0);
    expect(look(10_001)).toEqual({ from: 178, to: 9_000 });
    // Without a recovery the same range is searched again.
    expect(look(1)).toEqual({ from: 178, to: 9_000 });
    watch.recovered(9_000);
    expect(look(1)).toBeUndefined();
    expect(look(1, { ...SKIPPED, ackFloor: 9_500 })).toEqual({ from: 9_001, to: 9_500 });
  });

  it.each([
    ['the consumer was created again', { ...SKIPPED, ackFloor: 200 }, { from: 178, to: 200 }],
    ['another replica of the stream has older messages', { ...SKIPPED, first: 100 }, { from: 100, to: 9_000 }],
  ])('is searched for from the oldest message again when %s', (_what, backlog, range) => {
    const { watch, look } = watchOver();
    look(0);
    look(10_001);
    watch.recovered(9_000);
    look(1, backlog);
    expect(look(10_001, backlog)).toEqual(range);
  });
});
