import type { IncomingMessage, ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import type { Metrics } from '../metrics/metrics.js';
import { renderOpenMetrics } from '../metrics/open-metrics.js';
import type { Health, HealthReport } from './health.js';

/** The paths of the management endpoints. Each also answers under `/api/v1`. */
const MANAGEMENT_PATHS = ['/health', '/live', '/ready', '/metrics', '/info'] as const;

/** Maximum age of the metrics in answers to forwarded requests. */
const PUBLIC_METRICS_AGE_MS = 250;

type ManagementPath = (typeof MANAGEMENT_PATHS)[number];

/** The management path of a request URL, without prefix, query and final slash. Undefined if the URL has another path. */
export function managementPath(url: string): ManagementPath | undefined {
  const path = url
    // The URL of a request to a proxy is absolute.
    .replace(/^https?:\/\/[^/]*/, '')
    .split('?', 1)[0]
    ?.replace(/^\/api\/v1(?=\/)/, '')
    .replace(/\/$/, '');
  return MANAGEMENT_PATHS.find((known) => known === path);
}

/** Answers GET and HEAD on the management paths. Returns false for any other request, and does not answer it. */
export type ManagementEndpoints = (request: IncomingMessage, response: ServerResponse) => boolean;

export function managementEndpoints(options: { health: Health; metrics: Metrics }): ManagementEndpoints {
  const { health, metrics } = options;
  const { registry } = metrics;
  let rendering: Promise<string> | undefined;
  let publicRendering: Promise<string> | undefined;
  const readDependencies = (): void => {
    for (const [dependency, { status }] of Object.entries(health.report().dependencies)) {
      metrics.dependencyUp.set({ dependency }, status === 'up' ? 1 : 0);
    }
  };
  const render = (): Promise<string> => {
    readDependencies();
    rendering ??= registry.metrics().finally(() => {
      rendering = undefined;
    });
    return rendering;
  };
  // Rendering takes 5 ms of CPU, and any client may request it if a proxy forwards this path.
  const renderForPublic = (): Promise<string> => {
    publicRendering ??= render().finally(() => {
      setTimeout(() => {
        publicRendering = undefined;
      }, PUBLIC_METRICS_AGE_MS).unref();
    });
    return publicRendering;
  };
  // OpenMetrics differs only if there are exemplars. Clients that do not ask for it get the format of Prometheus.
  const metricsFor = (request: IncomingMessage): readonly [type: string, rendered: Promise<string>] => {
    if (isForwarded(request)) return [registry.contentType, renderForPublic()];
    if (!metrics.requests.hasExemplars() || !acceptsOpenMetrics(request)) return [registry.contentType, render()];
    readDependencies();
    return [Registry.OPENMETRICS_CONTENT_TYPE, renderOpenMetrics(metrics)];
  };
  const answers: Record<ManagementPath, (response: ServerResponse, request: IncomingMessage) => void> = {
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
    '/metrics': (response, request) => {
      const [type, rendered] = metricsFor(request);
      rendered.then(
        (text) => send(response, 200, type, text),
        (error: Error) => send(response, 500, 'text/plain; charset=utf-8', error.message),
      );
    },
  };
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const path = managementPath(request.url ?? '/');
    if (path === undefined) return false;
    answers[path](response, request);
    return true;
  };
}

/**
 * True if a proxy forwarded the request. Every gateway and Ingress sets this header, so its clients cannot hide it.
 * Operators and Prometheus reach a service directly, without the header.
 */
function isForwarded({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined;
}

function acceptsOpenMetrics({ headers: { accept = '' } }: IncomingMessage): boolean {
  return accept.includes('application/openmetrics-text');
}

/** The statuses only: details, versions and breaker states are for operators. */
function publicReport({ status, dependencies }: HealthReport): object {
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
