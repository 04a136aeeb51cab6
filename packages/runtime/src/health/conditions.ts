import { Gauge } from 'prom-client';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** A problem for an operator that is not an outage of a dependency, such as a wrong clock or a full stream. */
export interface Condition {
  /** Begins the condition, or updates its `detail`: what is wrong and what to do, in one sentence. */
  hold(detail: string): void;
  /** Ends the condition. Does nothing if it does not hold. */
  clear(): void;
}

/** The conditions of a process. While one holds, `/health` is degraded and shows the detail. */
export interface Conditions {
  /** Declares a condition. @param name in metrics and `/health`, such as `clock_skew` */
  declare(name: string): Condition;
  /** The details of all current conditions, by name. */
  active(): Readonly<Record<string, string>>;
}

/** Logs the beginning and the end of each condition, and exports the gauge `health_condition`. */
export function createConditions({ registry }: Pick<Metrics, 'registry'>, logger: Logger): Conditions {
  const gauge = new Gauge({
    name: 'health_condition',
    help: '1 while a condition holds, so that an operator must act; else 0. /health shows the detail.',
    labelNames: ['condition'],
    registers: [registry],
  });
  const held = new Map<string, { readonly since: number; readonly detail: string }>();
  return {
    declare(name) {
      const series = gauge.labels({ condition: name });
      series.set(0);
      return {
        hold(detail) {
          const before = held.get(name);
          held.set(name, { since: before?.since ?? performance.now(), detail });
          if (before !== undefined) return;
          series.set(1);
          logger.warn(detail, { event: 'condition.began', condition: name });
        },
        clear() {
          const before = held.get(name);
          if (before === undefined) return;
          held.delete(name);
          series.set(0);
          const seconds = Math.round((performance.now() - before.since) / 1_000);
          logger.info(`condition ended: ${name}`, { event: 'condition.ended', condition: name, seconds });
        },
      };
    },
    active: () => Object.fromEntries([...held].map(([name, { detail }]) => [name, detail])),
  };
}
