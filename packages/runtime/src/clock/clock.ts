import { Gauge } from 'prom-client';
import type { Conditions } from '../health/conditions.js';
import { DependencyUnavailable } from '../health/dependency.js';
import type { Metrics } from '../metrics/metrics.js';
import { type Difference, judgeClocks } from './clock-judgement.js';

/** The servers whose clocks a process measures. */
export type ClockReference = 'postgres' | 'nats';

/** The time that a server reported. */
export interface ServerTime {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** `performance.now()` right before the request. */
  readonly askedAt: number;
  /** `performance.now()` right after the response. */
  readonly answeredAt: number;
}

/**
 * The time of the tracker: the clock of Postgres. All processes use it, so their windows agree even if the clocks of their
 * hosts do not. Until Postgres has answered, the clock of NATS is used; until NATS has answered, the clock of the host.
 *
 * Each server time gives the difference between the server's clock and `performance.now()`, exact to half a round trip. Between
 * two server times, `performance.now()` advances the time, so changes of the system clock do not affect it. While Postgres is
 * unavailable, the last difference stays in use.
 *
 * The clock of Postgres is used even if it is wrong: services with different times would count one click in different windows.
 * Clocks that disagree are a condition and stop pruning.
 */
export interface Clock {
  /** Whole milliseconds since the Unix epoch. Costs no more than `performance.now()`. */
  now(): number;
  /**
   * The earlier of the Postgres and NATS clocks, but never more than a day before Postgres. No reader's clock is behind this
   * time, so buckets that are too old for it can be left out. The limit of one day bounds the size of a rebuild.
   *
   * @throws DependencyUnavailable until the clock of Postgres has been measured
   */
  earliest(): number;
  /** The clock of NATS, for the age of messages; the same as `now()` until it has been measured. */
  natsNow(): number;
  /** The same as `now()`; undefined until the clock of a server has been measured. */
  measuredNow(): number | undefined;
  /** Why no data may be deleted by age now; undefined if it may. */
  whyNotPrune(): string | undefined;
  /** Takes the time that a server reported with a ping. Undefined, for a server that reports none, changes nothing. */
  observe(reference: ClockReference, time: ServerTime | undefined): void;
}

/** Bounds of the difference between a server's clock and `performance.now()`, in milliseconds. */
interface Range {
  readonly low: number;
  readonly high: number;
  /** `performance.now()` at the measurement. */
  readonly at: number;
}

/** A server time may be rounded down to whole milliseconds. */
const RESOLUTION_MS = 1;
/** Maximum drift between two clocks: NTP corrects a clock by at most 500 ppm. */
const DRIFT = 0.000_5;
const DAY_MS = 86_400_000;
const REFERENCES: readonly ClockReference[] = ['postgres', 'nats'];

/** Declares the condition `clock_skew` and the gauge `clock_skew_seconds`. */
export function createClock({ registry }: Pick<Metrics, 'registry'>, conditions: Conditions): Clock {
  const condition = conditions.declare('clock_skew');
  const ranges: Partial<Record<ClockReference, Range>> = {};
  /** The clock of this host minus `performance.now()`. It changes when the clock is set. */
  const hostOffset = (): number => Date.now() - performance.now();
  /** Add this to `performance.now()` to get the time. */
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
    help: 'Clock of this host minus the clock of a server. Absent until the clock of the server has been measured.',
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
    observe(reference, time) {
      if (time === undefined) return;
      ranges[reference] = refine(ranges[reference], time);
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

/** Milliseconds of a monotonic clock, for durations and ages. */
export function monotonic(): number {
  return performance.now();
}

/**
 * Narrows the bounds with a new server time. A time from a short round trip stays in use while later ones agree with it, so
 * that a slow response does not make the clock less exact. A time that contradicts it replaces it: the clock was set,
 * another server took over, or this host was suspended.
 */
function refine(before: Range | undefined, { time, askedAt, answeredAt }: ServerTime): Range {
  const read = { low: time - answeredAt, high: time + RESOLUTION_MS - askedAt, at: answeredAt };
  if (before === undefined) return read;
  const drift = DRIFT * (answeredAt - before.at);
  const low = Math.max(read.low, before.low - drift);
  const high = Math.min(read.high, before.high + drift);
  return low <= high ? { low, high, at: answeredAt } : read;
}
