import { Gauge } from 'prom-client';
import type { Conditions } from '../health/conditions.js';
import { DependencyUnavailable } from '../health/dependency.js';
import type { Metrics } from '../metrics/metrics.js';
import { type Difference, judgeClocks } from './clock-judgement.js';

/** The servers whose clocks a process measures its own against. */
export type ClockReference = 'postgres' | 'nats';

/** The answer of a server that was asked for its time. */
export interface ServerTime {
  /** Its answer: milliseconds since the Unix epoch. */
  readonly time: number;
  /** `performance.now()` right before the question. */
  readonly askedAt: number;
  /** `performance.now()` right after the answer. */
  readonly answeredAt: number;
}

/**
 * The time of the tracker. It is the clock of Postgres: all processes share it, so windows agree whatever the clock of a
 * host says. Until a process has reached Postgres it is the clock of NATS, and until it has reached either its own.
 *
 * A reading tells the difference between the server's clock and `performance.now()`, to half a round trip. Between
 * readings time advances by `performance.now()`, so that no change of the system clock moves it. While Postgres is
 * unavailable its last difference is kept.
 *
 * The clock of Postgres is followed even when it is the wrong one: services that disagree on the time would count the
 * same click into different windows. Such a disagreement is a condition, and it stops pruning.
 */
export interface Clock {
  /** Whole milliseconds since the Unix epoch. Costs no more than `performance.now()`. */
  now(): number;
  /**
   * A time that no reader's window is behind: while Postgres and NATS disagree, the earlier of the two. Whatever is left
   * out because it is too old is judged by this. At most a day behind Postgres, which bounds what a rebuild reads.
   *
   * @throws DependencyUnavailable until the clock of Postgres has been measured
   */
  earliest(): number;
  /** The time by the clock of NATS, for the age of its messages; by `now` until it has been measured. */
  natsNow(): number;
  /** The same as `now`; undefined until a server has told the time, when the clock of this host is all there is. */
  measuredNow(): number | undefined;
  /** Why nothing may be deleted for its age now, or undefined where it may. */
  whyNotPrune(): string | undefined;
  /** Takes what a server said. Called with every ping; undefined, where it did not tell its time, changes nothing. */
  observe(reference: ClockReference, reading: ServerTime | undefined): void;
}

/** Where the difference between a server's clock and `performance.now()` lies, in milliseconds. */
interface Range {
  readonly low: number;
  readonly high: number;
  /** `performance.now()` when it was measured. */
  readonly at: number;
}

/** Servers tell whole milliseconds, or are read so. */
const RESOLUTION_MS = 1;
/** How fast two clocks may drift apart: a clock that is being corrected runs 500 ppm fast or slow. */
const DRIFT = 0.000_5;
const DAY_MS = 86_400_000;
const REFERENCES: readonly ClockReference[] = ['postgres', 'nats'];

/** Declares the condition `clock_skew` and the gauge `clock_skew_seconds`. */
export function createClock({ registry }: Pick<Metrics, 'registry'>, conditions: Conditions): Clock {
  const condition = conditions.declare('clock_skew');
  const ranges: Partial<Record<ClockReference, Range>> = {};
  /** The clock of this host, which may be set at any time, minus `performance.now()`. */
  const hostOffset = (): number => Date.now() - performance.now();
  /** What `performance.now()` needs to be the time. */
  let offset = hostOffset();
  let isMeasured = false;
  const offsetOf = (reference: ClockReference): number | undefined => toDifference(ranges[reference])?.value;
  const judge = () =>
    judgeClocks({
      host: { value: hostOffset(), error: 0 },
      postgres: toDifference(ranges.postgres),
      nats: toDifference(ranges.nats),
    });

  new Gauge({
    name: 'clock_skew_seconds',
    help: 'The clock of this process minus the clock of a server. Absent until it has been measured.',
    labelNames: ['reference'],
    registers: [registry],
    collect() {
      for (const reference of REFERENCES) {
        const known = offsetOf(reference);
        if (known !== undefined) this.set({ reference }, (hostOffset() - known) / 1_000);
      }
    },
  });

  return {
    now: () => Math.floor(performance.now() + offset),
    earliest() {
      const postgres = offsetOf('postgres');
      if (postgres === undefined) {
        throw new DependencyUnavailable('postgres', new Error('its clock has not been measured yet'));
      }
      const earlier = Math.min(postgres, offsetOf('nats') ?? postgres);
      return Math.floor(performance.now() + Math.max(earlier, postgres - DAY_MS));
    },
    natsNow: () => Math.floor(performance.now() + (offsetOf('nats') ?? offset)),
    measuredNow: () => (isMeasured ? Math.floor(performance.now() + offset) : undefined),
    whyNotPrune() {
      if (ranges.postgres === undefined) return 'The clock of Postgres has not been measured yet.';
      const { mayPrune, detail } = judge();
      return mayPrune ? undefined : detail;
    },
    observe(reference, reading) {
      if (reading === undefined) return;
      ranges[reference] = refine(ranges[reference], reading);
      offset = offsetOf('postgres') ?? offsetOf('nats') ?? offset;
      isMeasured = true;
      const { state, detail } = judge();
      if (state === 'apart') condition.hold(detail);
      else if (state === 'together') condition.clear();
    },
  };
}

function toDifference(range: Range | undefined): Difference | undefined {
  return range && { value: (range.low + range.high) / 2, error: (range.high - range.low) / 2 };
}

/** Milliseconds by a clock that nobody sets: for durations and ages. */
export function monotonic(): number {
  return performance.now();
}

/**
 * A reading after a short round trip stays in use while later ones agree with it, so a busy moment does not make the time
 * less exact. A reading that contradicts it replaces it: a clock was set, another server took over, or this host slept.
 */
function refine(before: Range | undefined, { time, askedAt, answeredAt }: ServerTime): Range {
  const read = { low: time - answeredAt, high: time + RESOLUTION_MS - askedAt, at: answeredAt };
  if (before === undefined) return read;
  const drift = DRIFT * (answeredAt - before.at);
  const low = Math.max(read.low, before.low - drift);
  const high = Math.min(read.high, before.high + drift);
  return low <= high ? { low, high, at: answeredAt } : read;
}
