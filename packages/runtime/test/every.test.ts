import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { every } from '../src/timers/every.js';

const LONG_MS = 600_000;

it('every runs the work at once, and again after each pause', async () => {
  let runs = 0;
  const third = new Promise<void>((resolve) => {
    const repetition = every(1, () => {
      runs += 1;
      if (runs === 3) void repetition.stop().then(resolve);
    });
    expect(runs).toBe(1);
  });
  await third;
  await sleep(10);
  expect(runs).toBe(3);
});

it('every aborts the signal of the run in progress when it is stopped, and waits for its end', async () => {
  let ended = false;
  const repetition = every(LONG_MS, async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await sleep(10);
    ended = true;
  });
  await repetition.stop();
  expect(ended).toBe(true);
});

it('every ends the pause when it is stopped', async () => {
  const repetition = every(LONG_MS, () => undefined);
  await sleep(1);
  await repetition.stop();
});

it('every continues after a run that fails', async () => {
  const errors: unknown[] = [];
  let runs = 0;
  await new Promise<void>((resolve) => {
    const repetition = every(
      1,
      async () => {
        runs += 1;
        if (runs === 2) void repetition.stop().then(resolve);
        throw new Error(`run ${runs}`);
      },
      { onError: (error) => errors.push(error) },
    );
  });
  // The second run fails after the stop, so its error is not reported.
  expect(errors).toEqual([new Error('run 1')]);
});

it('every skips the pause on request, also if requested during a run', async () => {
  let runs = 0;
  await new Promise<void>((resolve) => {
    const repetition = every(LONG_MS, async () => {
      await sleep(1);
      runs += 1;
      if (runs === 1) repetition.runSoon();
      if (runs === 2) setImmediate(() => repetition.runSoon());
      if (runs === 3) void repetition.stop().then(resolve);
    });
  });
  expect(runs).toBe(3);
});

it('every asks for the length of each pause', async () => {
  const pauses = [1, LONG_MS];
  let runs = 0;
  const repetition = every(
    () => pauses.shift() as number,
    () => {
      runs += 1;
    },
  );
  while (pauses.length > 0) await sleep(1);
  await repetition.stop();
  expect(runs).toBe(2);
});

it('every delays the first run on request', async () => {
  let runs = 0;
  const repetition = every(
    LONG_MS,
    () => {
      runs += 1;
    },
    { delayMs: 10 },
  );
  expect(runs).toBe(0);
  while (runs === 0) await sleep(1);
  await repetition.stop();
});
