import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../metrics/metrics.js';
import type { Conditions } from './conditions.js';
import type { DependencyHealth } from './dependency.js';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** The body of `/health`. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly service: string;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
  /** Problems other than outages, by name; absent where there is none. */
  readonly conditions?: Readonly<Record<string, string>>;
}

/** The body of `/health` for the public: nothing that helps an attacker. */
export interface PublicHealthReport {
  readonly status: HealthStatus;
  readonly dependencies: Readonly<Record<string, Pick<DependencyHealth, 'status'>>>;
}

export interface Health {
  report(): HealthReport;
  /** The reason why no traffic should come, or undefined when it should. */
  notReady(): string | undefined;
  info(): Readonly<Record<string, string>>;
  /** The process is about to end: from now on it is not ready. */
  drain(): void;
}

/** `dependencies` give the last known state, at once: nothing here may wait for a server. */
export function createHealth<Name extends string>(options: {
  service: string;
  version: string;
  description: string;
  startedAt?: Date;
  dependencies: Readonly<Record<Name, () => DependencyHealth>>;
  /** What the whole is worth while its dependencies are like this. */
  status: (dependencies: Readonly<Record<Name, DependencyHealth>>) => HealthStatus;
  /** While one of them holds, what would be healthy is degraded. */
  conditions?: Pick<Conditions, 'active'>;
  ready: () => boolean;
}): Health {
  const { service, version, description, startedAt = new Date(), status, conditions, ready } = options;
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
      const worth = status(dependencies);
      return {
        status: worth === 'healthy' && !clear ? 'degraded' : worth,
        service,
        version,
        uptime_seconds: Math.round((performance.now() - startedTick) / 1_000),
        dependencies,
        ...(clear ? {} : { conditions: active }),
      };
    },
    notReady: () => {
      if (draining) return 'shutting down';
      return ready() ? undefined : 'what it needs is away';
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

/** Where `operations` answers; each also under `/api/v1`. */
export const OPERATION_PATHS = ['/health', '/live', '/ready', '/metrics', '/info'] as const;

/** How old a rendering of the metrics may be. */
const METRICS_MAX_AGE_MS = 250;

export type OperationPath = (typeof OPERATION_PATHS)[number];

/** The operations path that a request URL means, without prefix, query and final slash. */
export function operationPath(url: string): OperationPath | undefined {
  const path = url
    // A request to a proxy has the whole address in it.
    .replace(/^https?:\/\/[^/]*/, '')
    .split('?', 1)[0]
    ?.replace(/^\/api\/v1(?=\/)/, '')
    .replace(/\/$/, '');
  return OPERATION_PATHS.find((known) => known === path);
}

/** Answers GET and HEAD on the operations paths; true if the request was taken. */
export type Operations = (request: IncomingMessage, response: ServerResponse) => boolean;

export function operations(options: { health: Health; metrics: Metrics }): Operations {
  const { health, metrics } = options;
  const { registry } = metrics;
  let rendering: Promise<string> | undefined;
  const answers: Record<OperationPath, (response: ServerResponse, request: IncomingMessage) => void> = {
    '/health': (response, request) => {
      const report = health.report();
      sendJson(
        response,
        report.status === 'unhealthy' ? 503 : 200,
        isForwarded(request) ? publicReport(report) : report,
      );
    },
    '/live': (response) => sendJson(response, 200, { status: 'alive' }),
    '/ready': (response) => {
      const reason = health.notReady();
      if (reason === undefined) sendJson(response, 200, { status: 'ready' });
      else sendJson(response, 503, { status: 'not ready', reason });
    },
    '/info': (response) => sendJson(response, 200, health.info()),
    '/metrics': (response) => {
      for (const [dependency, { status }] of Object.entries(health.report().dependencies)) {
        metrics.dependencyUp.set({ dependency }, status === 'up' ? 1 : 0);
      }
      // Rendering takes 5 ms of CPU, so however many clients ask, they share one rendering for a moment.
      rendering ??= registry.metrics().finally(() => {
        setTimeout(() => {
          rendering = undefined;
        }, METRICS_MAX_AGE_MS).unref();
      });
      rendering.then(
        (text) => send(response, 200, registry.contentType, text),
        (error: Error) => send(response, 500, 'text/plain; charset=utf-8', error.message),
      );
    },
  };
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const path = operationPath(request.url ?? '/');
    if (path === undefined) return false;
    answers[path](response, request);
    return true;
  };
}

/**
 * Whether a proxy passed the request on. Every gateway and Ingress sets this header, whatever the client sends, so a
 * client behind one cannot hide it. Operators and Prometheus reach a service directly, without it.
 */
function isForwarded({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined;
}

/** Status and names alone: details, versions and breakers are for operators. */
function publicReport({ status, dependencies }: HealthReport): PublicHealthReport {
  const states = Object.entries(dependencies).map(([name, dependency]) => [name, { status: dependency.status }]);
  return { status, dependencies: Object.fromEntries(states) };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response
    .writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    })
    .end(body);
}

const FIRST_PING_MS = 200;

/**
 * Pings each dependency soon, and `intervalMs` after each answer, so that an idle process too notices
 * an outage, and its end. Pings go through a guard, which keeps and logs what they find.
 * @returns stops it, and waits for the answers that are under way: connections may be closed then.
 */
export function probe(pings: readonly (() => Promise<void>)[], intervalMs = 1_000): () => Promise<void> {
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const asking = new Set<Promise<void>>();
  const ask = async (ping: () => Promise<void>): Promise<void> => {
    // The guard knows already: there is nothing to add here.
    const answer = ping().catch(() => undefined);
    asking.add(answer);
    await answer;
    asking.delete(answer);
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void ask(ping);
    }, intervalMs).unref();
    timers.add(timer);
  };
  // Connections that were just begun get a moment: else each start would look like an outage.
  const first = setTimeout(() => {
    for (const ping of pings) void ask(ping);
  }, FIRST_PING_MS);
  first.unref();
  return async () => {
    stopped = true;
    clearTimeout(first);
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(asking);
  };
}
