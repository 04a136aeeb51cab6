import type { Conditions } from './conditions.js';
import type { DependencyHealth } from './dependency.js';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** The state of a process. `healthSchema` of the contract describes it as the body of `/health`. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly service: string;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
  /** Active conditions by name; absent if there are none. */
  readonly conditions?: Readonly<Record<string, string>>;
}

export interface Health {
  report(): HealthReport;
  /** Why the process must not get traffic; undefined if it is ready. */
  notReady(): string | undefined;
  info(): Readonly<Record<string, string>>;
  /** Makes the process not ready until it exits. Called when it begins to shut down. */
  drain(): void;
}

/** @param options.dependencies return the last known state of each dependency without asking its server */
export function createHealth<Name extends string>(options: {
  service: string;
  version: string;
  description: string;
  startedAt?: Date;
  dependencies: Readonly<Record<Name, () => DependencyHealth>>;
  /** The status of the process for these states of its dependencies. */
  status: (dependencies: Readonly<Record<Name, DependencyHealth>>) => HealthStatus;
  /** While a condition holds, a healthy process is degraded. */
  conditions?: Pick<Conditions, 'active'>;
  /** Why the process must not get traffic, whatever its dependencies are; undefined if nothing prevents it. */
  blocked?: () => string | undefined;
  ready: () => boolean;
}): Health {
  const { service, version, description, startedAt = new Date(), status, conditions, blocked, ready } = options;
  const checks = Object.entries<() => DependencyHealth>(options.dependencies);
  const startedTick = performance.now();
  let draining = false;
  return {
    report: () => {
      const dependencies = Object.fromEntries(checks.map(([name, check]) => [name, check()])) as Record<
        Name,
        DependencyHealth
      >;
      const active = conditions?.active() ?? {};
      const clear = Object.keys(active).length === 0;
      const current = status(dependencies);
      return {
        status: current === 'healthy' && !clear ? 'degraded' : current,
        service,
        version,
        uptime_seconds: Math.round((performance.now() - startedTick) / 1_000),
        dependencies,
        ...(clear ? {} : { conditions: active }),
      };
    },
    notReady: () => {
      if (draining) return 'shutting down';
      const reason = blocked?.();
      if (reason !== undefined) return reason;
      return ready() ? undefined : 'a required dependency is unavailable';
    },
    info: () => ({
      service,
      version,
      description,
      node: process.version,
      started_at: startedAt.toISOString(),
    }),
    drain: () => {
      draining = true;
    },
  };
}
