import { describe, expect, it } from '@jest/globals';
import { createClock } from '../src/clock/clock.js';
import { createConditions } from '../src/health/conditions.js';
import { DependencyUnavailable } from '../src/health/dependency.js';
import { createMetrics } from '../src/metrics/metrics.js';
import { logLines } from './log-lines.js';

const HOUR = 3_600_000;

function fixture() {
  const metrics = createMetrics('test');
  const conditions = createConditions(metrics, logLines().logger);
  const clock = createClock(metrics, conditions);
  /** Observes a server clock that is `ahead` ms ahead of this host, after a round trip of `roundTrip` ms. */
  const observe = (reference: 'postgres' | 'nats', ahead: number, roundTrip = 1) => {
    const answeredAt = performance.now();
    clock.observe(reference, {
      time: Date.now() + ahead - roundTrip / 2,
      askedAt: answeredAt - roundTrip,
      answeredAt,
    });
  };
  const ahead = (read: () => number | undefined = clock.now) => (read() ?? Number.NaN) - Date.now();
  const skew = () => conditions.active().clock_skew;
  return { clock, metrics, observe, ahead, skew };
}

/** Expects a time within 20 ms, as tests share the processor. */
const near = (value: number, wanted: number) => expect(Math.abs(value - wanted)).toBeLessThan(20);

describe('the clock', () => {
  it('is the clock of this host, marked as unmeasured, until a server has reported its time', () => {
    const { clock, ahead } = fixture();
    near(ahead(), 0);
    expect(Number.isInteger(clock.now())).toBe(true);
    expect(clock.measuredNow()).toBeUndefined();
    expect(() => clock.earliest()).toThrow(DependencyUnavailable);
    expect(clock.whyNotPrune()).toMatch(/Postgres has not been measured/);
  });

  it('is the clock of NATS until Postgres has reported its time, then the clock of Postgres', () => {
    const { clock, ahead, observe } = fixture();
    observe('nats', 5 * HOUR);
    near(ahead(clock.measuredNow), 5 * HOUR);
    observe('postgres', -4 * HOUR);
    near(ahead(clock.measuredNow), -4 * HOUR);
    observe('nats', 5 * HOUR);
    near(ahead(), -4 * HOUR);
    near(ahead(clock.natsNow), 5 * HOUR);
  });

  it('does not change if a server does not report its time', () => {
    const { clock } = fixture();
    clock.observe('nats', undefined);
    expect(clock.measuredNow()).toBeUndefined();
  });

  it('stays exact when later responses are slow, and follows a server whose clock was set', () => {
    const { ahead, observe } = fixture();
    observe('postgres', HOUR, 2);
    observe('postgres', HOUR + 900, 3_000);
    near(ahead(), HOUR);
    observe('postgres', HOUR - 5_000, 3_000);
    near(ahead(), HOUR - 5_000);
    observe('postgres', 0, 2);
    near(ahead(), 0);
  });

  it('returns the earlier of two clocks as earliest, but at most a day behind Postgres', () => {
    const { clock, ahead, observe } = fixture();
    observe('postgres', 0);
    near(ahead(clock.earliest), 0);
    observe('nats', 3 * HOUR);
    near(ahead(clock.earliest), 0);
    observe('nats', -3 * HOUR);
    near(ahead(clock.earliest), -3 * HOUR);
    observe('nats', -500_000 * HOUR);
    near(ahead(clock.earliest), -24 * HOUR);
  });
});

describe('clock skew', () => {
  it('is a condition beyond 2 s, until it is below 1 s', () => {
    const { observe, skew } = fixture();
    observe('postgres', 1_900);
    expect(skew()).toBeUndefined();
    observe('postgres', 2_100);
    expect(skew()).toMatch(/this host is 2\.1 s behind the clock of Postgres\. Compare the clocks of these hosts/);
    observe('postgres', 1_500);
    expect(skew()).toBeDefined();
    observe('postgres', 900);
    expect(skew()).toBeUndefined();
  });

  it('is not caused by a slow response', () => {
    const { observe, skew } = fixture();
    observe('postgres', 3_000, 3_000);
    expect(skew()).toBeUndefined();
    observe('postgres', 3_000, 1_000);
    expect(skew()).toBeDefined();
  });

  it.each([
    ['this host', { postgres: HOUR, nats: HOUR }, /set the clock of this host\.$/],
    [
      'Postgres',
      { postgres: HOUR, nats: 0 },
      /Postgres is 3600\.0 s ahead of the clock of NATS.*set the clock of the host of Postgres\.$/,
    ],
    ['NATS', { postgres: 0, nats: -HOUR }, /set the clock of the host of NATS\.$/],
    ['undecided', { postgres: HOUR, nats: -HOUR }, /Compare the clocks of these hosts with a time server\.$/],
  ])('names which of three clocks is wrong: %s', (_name, { postgres, nats }, detail) => {
    const { observe, skew } = fixture();
    observe('postgres', postgres);
    observe('nats', nats);
    expect(skew()).toMatch(detail);
  });

  it.each([
    ['this host', { postgres: 31_000, nats: 31_000 }],
    ['Postgres', { postgres: -31_000, nats: 0 }],
    ['NATS', { postgres: 0, nats: 31_000 }],
  ])('forbids pruning beyond 30 s, whichever clock is wrong: %s', (_name, { postgres, nats }) => {
    const { clock, observe } = fixture();
    observe('postgres', (29 / 31) * postgres);
    observe('nats', (29 / 31) * nats);
    expect(clock.whyNotPrune()).toBeUndefined();
    observe('postgres', postgres);
    observe('nats', nats);
    expect(clock.whyNotPrune()).toMatch(/31\.0 s/);
  });

  it('is a gauge in seconds per server, absent until measured', async () => {
    const { metrics, observe } = fixture();
    const read = async () =>
      Object.fromEntries(
        [...(await metrics.registry.metrics()).matchAll(/^clock_skew_seconds\{reference="(\w+)".*\} (\S+)$/gm)].map(
          ([, reference, seconds]) => [reference, Math.round(Number(seconds))],
        ),
      );
    expect(await read()).toEqual({});
    observe('postgres', -7_000);
    expect(await read()).toEqual({ postgres: 7 });
    observe('nats', 9_000);
    expect(await read()).toEqual({ postgres: 7, nats: -9 });
  });
});
