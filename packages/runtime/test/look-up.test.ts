import type { LookupAddress } from 'node:dns';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLookUp } from '../src/process/look-up.js';

const V4 = { family: 4 } as const;
const FIRST: LookupAddress[] = [{ address: '192.0.2.1', family: 4 }];
const SECOND: LookupAddress[] = [{ address: '192.0.2.2', family: 4 }];

/** Look-ups that the test answers; `open` holds the unanswered ones. */
function heldLookUps() {
  const open: { hostname: string; answer(addresses: LookupAddress[]): void; fail(code: string): void }[] = [];
  const slow: string[] = [];
  let begun = 0;
  const lookUp = createLookUp({
    lookUp: (hostname) =>
      new Promise((resolve, reject) => {
        begun += 1;
        open.push({ hostname, answer: resolve, fail: (code) => reject(Object.assign(new Error(code), { code })) });
      }),
    freshMs: 1_000,
    staleAfterMs: 500,
    failAfterMs: 2_000,
    onSlow: (hostname) => slow.push(hostname),
  });
  const outcome = (hostname: string) => lookUp(hostname, V4).catch((error) => error.code);
  return { lookUp, outcome, open, slow, begun: () => begun };
}

/** Looks up an address, and waits until it is no longer fresh. */
async function knowing(hostname: string) {
  const held = heldLookUps();
  const first = held.outcome(hostname);
  held.open[0]?.answer(FIRST);
  await first;
  await jest.advanceTimersByTimeAsync(1_001);
  return held;
}

describe('a look-up', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is shared by all callers that ask at the same time', async () => {
    const { outcome, open, begun } = heldLookUps();
    const answers = Promise.all([outcome('postgres'), outcome('postgres'), outcome('postgres')]);
    open[0]?.answer(FIRST);
    expect(await answers).toEqual([FIRST, FIRST, FIRST]);
    expect(begun()).toBe(1);
  });

  it('is not repeated while the last answer is fresh', async () => {
    const { outcome, open, begun } = heldLookUps();
    const first = outcome('postgres');
    open[0]?.answer(FIRST);
    await first;
    await jest.advanceTimersByTimeAsync(999);
    expect(await outcome('postgres')).toEqual(FIRST);
    expect(begun()).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    const second = outcome('postgres');
    open[1]?.answer(SECOND);
    expect(await second).toEqual(SECOND);
  });

  it('that hangs does not delay other names, and is not started twice', async () => {
    const { outcome, open, begun, slow } = heldLookUps();
    for (let time = 0; time < 10; time += 1) {
      const hung = outcome('nats');
      await jest.advanceTimersByTimeAsync(2_000);
      expect(await hung).toBe('EAI_AGAIN');
    }
    expect(begun()).toBe(1);
    expect(slow).toEqual(['nats']);
    const well = outcome('postgres');
    open[1]?.answer(FIRST);
    expect(await well).toEqual(FIRST);
  });

  it('that hangs delays only its first caller, by half a second, and callers get the last answer', async () => {
    const { outcome, slow } = await knowing('postgres');
    const since = performance.now();
    const first = outcome('postgres');
    await jest.advanceTimersByTimeAsync(499);
    expect(slow).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(await first).toEqual(FIRST);
    const second = outcome('postgres');
    await jest.advanceTimersByTimeAsync(0);
    expect(await second).toEqual(FIRST);
    expect(performance.now() - since).toBe(500);
    expect(slow).toEqual(['postgres']);
  });

  it('that ends late is used by later callers', async () => {
    const { outcome, open } = await knowing('nats');
    const late = outcome('nats');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await late).toEqual(FIRST);
    open[1]?.answer(SECOND);
    await jest.advanceTimersByTimeAsync(0);
    expect(await outcome('nats')).toEqual(SECOND);
  });

  it('that fails returns the last answer, and the next call repeats it', async () => {
    const { outcome, open, begun } = await knowing('nats');
    const failed = outcome('nats');
    open[1]?.fail('EAI_AGAIN');
    expect(await failed).toEqual(FIRST);
    const again = outcome('nats');
    open[2]?.answer(SECOND);
    expect(await again).toEqual(SECOND);
    expect(begun()).toBe(3);
  });

  it('of a name that no longer exists fails, despite an earlier address', async () => {
    const { outcome, open } = await knowing('nats');
    const gone = outcome('nats');
    open[1]?.fail('ENOTFOUND');
    expect(await gone).toBe('ENOTFOUND');
  });

  it('of a name without an earlier address fails with the error of DNS', async () => {
    const { lookUp } = heldLookUps();
    const hung = lookUp('nats', V4).catch((error: Error) => error.message);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await hung).toBe('DNS did not answer for nats within 2000 ms');
  });

  it('for one address family is not used for another', async () => {
    const { lookUp, begun } = heldLookUps();
    lookUp('nats', { family: 4 }).catch(() => undefined);
    lookUp('nats', { family: 6 }).catch(() => undefined);
    expect(begun()).toBe(2);
    await jest.advanceTimersByTimeAsync(1);
  });
});
