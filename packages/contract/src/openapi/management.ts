import { VERSION } from '@ads/models';
import { type HealthAnswer, healthSchema, infoSchema, liveSchema, notReadySchema, readySchema } from '../management.js';
import { ENDPOINTS } from '../paths.js';
import { requestIdHeader } from './headers.js';
import { otherErrors, shared } from './shared-responses.js';

const errors = { 431: shared('HeadersTooLarge'), ...otherErrors };

function answer(description: string, schema: object, ...examples: readonly [summary: string, value: object][]) {
  return {
    description,
    headers: requestIdHeader,
    content: {
      'application/json': {
        schema,
        examples: Object.fromEntries(examples.map(([summary, value], index) => [index + 1, { summary, value }])),
      },
    },
  };
}

const upReport: HealthAnswer = {
  status: 'healthy',
  service: 'ingest',
  version: VERSION,
  uptime_seconds: 86_400,
  dependencies: {
    nats: { status: 'up', breaker: 'closed' },
    postgres: { status: 'up', breaker: 'closed' },
    redis: { status: 'up', breaker: 'closed' },
  },
};

const downReport: HealthAnswer = {
  status: 'unhealthy',
  dependencies: { nats: { status: 'down' }, postgres: { status: 'down' }, redis: { status: 'up' } },
};

const METRICS_EXAMPLE = `# HELP ad_clicks_total Clicks answered with 202, including retries of the same click.
# TYPE ad_clicks_total counter
ad_clicks_total{ad_id="ad-001"} 1284
`;

/** The management endpoints, which every service has. */
export const managementPaths = {
  [ENDPOINTS.health.path]: {
    get: {
      operationId: 'health',
      tags: ['management'],
      summary: 'Get the state of the service and its dependencies',
      description:
        'Returns the last known state, without a call to any dependency. A direct request gets the full report. A request through a proxy (with `X-Forwarded-For`), such as the gateway, gets `status` and the `status` of each dependency only. Through the gateway, ingest answers.',
      responses: {
        200: answer('The service is healthy or degraded.', healthSchema, ['Direct request', upReport]),
        503: answer('The service is unhealthy.', healthSchema, ['Request through a proxy', downReport]),
        ...errors,
      },
    },
  },
  [ENDPOINTS.live.path]: {
    get: {
      operationId: 'live',
      tags: ['management'],
      summary: 'Check that the process runs',
      description:
        'Liveness probe. Answers 200 while the event loop runs, even if dependencies are unavailable, because a restart would not repair them. Gateways answer 404: request it from the service itself.',
      responses: {
        200: answer('The process runs.', liveSchema, ['Alive', { status: 'alive' }]),
        ...errors,
      },
    },
  },
  [ENDPOINTS.ready.path]: {
    get: {
      operationId: 'ready',
      tags: ['management'],
      summary: 'Check that the service accepts traffic',
      description:
        'Readiness probe. Answers 503 until the migrations that this version needs have run, while a required dependency is unavailable, and during shutdown.',
      responses: {
        200: answer('The service accepts traffic.', readySchema, ['Ready', { status: 'ready' }]),
        503: answer('The service accepts no traffic.', notReadySchema, [
          'Not ready',
          { status: 'not ready', reason: 'a required dependency is unavailable' },
        ]),
        ...errors,
      },
    },
  },
  [ENDPOINTS.info.path]: {
    get: {
      operationId: 'info',
      tags: ['management'],
      summary: 'Get names and versions',
      description:
        'Returns the name and version of the service, and the version of Node.js. Through the gateway, ingest answers.',
      responses: {
        200: answer('Names and versions.', infoSchema, [
          'Ingest',
          {
            service: 'ingest',
            version: VERSION,
            description: 'Validates clicks and impressions, and answers 202 when they are durable.',
            node: 'v20.20.0',
            started_at: '2026-01-02T03:04:05.678Z',
          },
        ]),
        ...errors,
      },
    },
  },
  [ENDPOINTS.metrics.path]: {
    get: {
      operationId: 'metrics',
      tags: ['management'],
      summary: 'Get the metrics of the process',
      description:
        'Returns the metrics of the process in the Prometheus text format. Gateways answer 404: request it from the service itself.',
      responses: {
        200: {
          description: 'Metrics in the Prometheus text format.',
          headers: requestIdHeader,
          content: { 'text/plain': { schema: { type: 'string' }, example: METRICS_EXAMPLE } },
        },
        ...errors,
      },
    },
  },
};
