import { expect, it } from '@jest/globals';
import { within } from '../src/timers/within.js';

const never = new Promise<never>(() => undefined);

it('within returns the result of the work, and throws its error', async () => {
  await expect(within(600_000, Promise.resolve('done'))).resolves.toBe('done');
  await expect(within(600_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

it('within throws when the work takes too long', async () => {
  await expect(within(1, never)).rejects.toThrow('not done after 1 ms');
});

it('within returns the fallback when the work takes too long', async () => {
  await expect(within(1, never, () => 'fallback')).resolves.toBe('fallback');
});
