import { expect, it } from '@jest/globals';
import { createSetBackWatch } from '../src/set-back.js';

it('a clock that was set back by more than a minute is reported once', () => {
  const clock = { now: 1_000_000_000 };
  const isSetBack = createSetBackWatch(() => clock.now);
  const after = (milliseconds: number) => {
    clock.now += milliseconds;
    return isSetBack();
  };
  expect([after(0), after(7_200_000), after(-60_000), after(-1), after(0), after(1_000), after(-60_001)]).toEqual([
    false,
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});
