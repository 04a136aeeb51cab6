import { Gauge } from 'prom-client';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** One problem that an operator must know, and that is no outage of a dependency: a wrong clock, a full stream. */
export interface Condition {
  /** The problem is there. `detail` says what is wrong and what to do, in one sentence; call it again to update that. */
  hold(detail: string): void;
  /** The problem is over. Does nothing where there was none. */
  clear(): void;
}

/** The conditions of a process. While one holds, `/health` is degraded and shows its detail. */
export interface Conditions {
  /** Declares a condition by its name in metrics and `/health`, like `clock_skew`. */
  declare(name: string): Condition;
  /** The details of the conditions that hold now, by name. */
  active(): Readonly<Record<string, string>>;
}

/** Conditions are logged when they begin and when they end; the gauge `health_condition` is 1 while one holds. */
export function createConditions({ registry }: Pick<Metrics, 'registry'>, logger: Logger): Conditions {
  const gauge = new Gauge({
    name: 'health_condition',
    help: '1 while a condition holds that an operator must act on, else 0. /health shows its detail.',
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
