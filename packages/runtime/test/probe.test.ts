import { expect, it } from '@jest/globals';
import { probe } from '../src/health/probe.js';

it('a probe keeps pinging after failures, and waits for the ping in progress when it is stopped', async () => {
  let pings = 0;
  let answer: () => void = () => undefined;
  let stop: (() => Promise<void>) | undefined;
  await new Promise<void>((asked) => {
    const ping = () => {
      pings += 1;
      if (pings < 3) return Promise.reject(new Error('away'));
      asked();
      return new Promise<void>((resolve) => {
        answer = resolve;
      });
    };
    stop = probe([ping], 1);
  });
  let stopped = false;
  const stopping = stop?.().then(() => {
    stopped = true;
  });
  await new Promise(setImmediate);
  expect(stopped).toBe(false);
  answer();
  await stopping;
  expect(stopped).toBe(true);
  expect(pings).toBe(3);
});
