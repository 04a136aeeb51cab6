import { ENDPOINTS } from '../paths.js';
import { otherErrors, requestIdHeader } from './parts.js';

const status = (...values: string[]) => ({ type: 'string', enum: values });

function answer(
  description: string,
  properties: Record<string, object>,
  required: readonly string[],
  ...examples: readonly [summary: string, value: object][]
) {
  return {
    description,
    headers: requestIdHeader,
    content: {
      'application/json': {
        schema: { type: 'object', properties, required },
        examples: Object.fromEntries(examples.map(([summary, value], index) => [index + 1, { summary, value }])),
      },
    },
  };
}

const dependency = {
  type: 'object',
  description: 'State of one dependency.',
  properties: {
    status: { ...status('up', 'down'), description: 'Result of the latest calls.' },
    breaker: {
      ...status('closed', 'half-open', 'open'),
      description: 'State of the circuit breaker. Direct requests only.',
    },
    detail: { type: 'string', description: 'Reason of the current or last failure. Direct requests only.' },
  },
  required: ['status'],
};

const report = {
  status: {
    ...status('healthy', 'degraded', 'unhealthy'),
    description:
      '`healthy`: everything works. `degraded`: the service works without some dependency. `unhealthy`: the service cannot do its work.',
  },
  service: { type: 'string', description: 'Name of the service. Direct requests only.' },
  version: { type: 'string', description: 'Version of the service. Direct requests only.' },
  uptime_seconds: { type: 'number', minimum: 0, description: 'Seconds since the start. Direct requests only.' },
  dependencies: { type: 'object', additionalProperties: dependency, description: 'Dependencies by name.' },
  conditions: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description:
      'Problems other than outages that an operator must solve, by name. Absent if there are none. Direct requests only.',
  },
};

/** The fields that requests through a proxy get, too. */
const publicReport = ['status', 'dependencies'];

const upReport = {
  status: 'healthy',
  service: 'ingest',
  version: '1.0.0',
  uptime_seconds: 86_400,
  dependencies: {
    nats: { status: 'up', breaker: 'closed' },
    postgres: { status: 'up', breaker: 'closed' },
    redis: { status: 'up', breaker: 'closed' },
  },
};

const downReport = {
  status: 'unhealthy',
  dependencies: { nats: { status: 'down' }, postgres: { status: 'down' }, redis: { status: 'up' } },
};

const info = {
  service: { type: 'string', description: 'Name of the service.' },
  version: { type: 'string', description: 'Version of the service.' },
  description: { type: 'string', description: 'Purpose of the service.' },
  node: { type: 'string', description: 'Version of Node.js.' },
  started_at: { type: 'string', format: 'date-time', description: 'Start of the process.' },
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
        'Returns the last known state; no dependency is called. A direct request gets the full report. A request through a proxy (with `X-Forwarded-For`) gets `status`, and the `status` of each dependency.',
      responses: {
        200: answer('The service is healthy or degraded.', report, publicReport, ['Direct request', upReport]),
        503: answer('The service is unhealthy.', report, publicReport, ['Request through a proxy', downReport]),
        ...otherErrors,
      },
    },
  },
  [ENDPOINTS.live.path]: {
    get: {
      operationId: 'live',
      tags: ['management'],
      summary: 'Check that the process runs',
      description:
        'Liveness probe. Answers 200 while the event loop runs, whatever the state of the dependencies: a restart would not repair them.',
      responses: {
        200: answer('The process runs.', { status: status('alive') }, ['status'], ['Alive', { status: 'alive' }]),
        ...otherErrors,
      },
    },
  },
  [ENDPOINTS.ready.path]: {
    get: {
      operationId: 'ready',
      tags: ['management'],
      summary: 'Check that the service accepts traffic',
      description: 'Readiness probe. Answers 503 while a required dependency is unavailable, and during shutdown.',
      responses: {
        200: answer(
          'The service accepts traffic.',
          { status: status('ready') },
          ['status'],
          ['Ready', { status: 'ready' }],
        ),
        503: answer(
          'The service accepts no traffic.',
          { status: status('not ready'), reason: { type: 'string', description: 'Why it accepts no traffic.' } },
          ['status', 'reason'],
          ['Not ready', { status: 'not ready', reason: 'a required dependency is unavailable' }],
        ),
        ...otherErrors,
      },
    },
  },
  [ENDPOINTS.info.path]: {
    get: {
      operationId: 'info',
      tags: ['management'],
      summary: 'Get names and versions',
      description: 'Identifies the service, its version, and the Node.js that runs it.',
      responses: {
        200: answer('Names and versions.', info, Object.keys(info), [
          'Ingest',
          {
            service: 'ingest',
            version: '1.0.0',
            description: 'Validates clicks and impressions, and answers 202 when they are durable.',
            node: 'v20.20.0',
            started_at: '2026-01-02T03:04:05.678Z',
          },
        ]),
        ...otherErrors,
      },
    },
  },
  [ENDPOINTS.metrics.path]: {
    get: {
      operationId: 'metrics',
      tags: ['management'],
      summary: 'Get the metrics of the process',
      description: 'Metrics in the Prometheus text format.',
      responses: {
        200: {
          description: 'Metrics in the Prometheus text format.',
          headers: requestIdHeader,
          content: { 'text/plain': { schema: { type: 'string' }, example: METRICS_EXAMPLE } },
        },
        ...otherErrors,
      },
    },
  },
};
