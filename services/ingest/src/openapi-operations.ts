import { otherErrors, requestIdHeader } from './openapi-parts.js';

const status = (...values: string[]) => ({ type: 'string', enum: values });

function answer(description: string, properties: Record<string, object>, required: string[]) {
  return {
    description,
    headers: requestIdHeader,
    content: { 'application/json': { schema: { type: 'object', properties, required } } },
  };
}

const dependency = {
  type: 'object',
  properties: {
    status: status('up', 'down'),
    breaker: { ...status('closed', 'half-open', 'open'), description: 'Absent behind a proxy.' },
    detail: { type: 'string', description: 'What failed, lately or now. Absent behind a proxy.' },
  },
  required: ['status'],
};

const report = {
  status: status('healthy', 'degraded', 'unhealthy'),
  service: { type: 'string' },
  version: { type: 'string' },
  uptime_seconds: { type: 'number', minimum: 0 },
  dependencies: { type: 'object', additionalProperties: dependency },
};

/** A request that a proxy passed on gets these alone. */
const publicReport = ['status', 'dependencies'];

const conditions = {
  type: 'object',
  additionalProperties: { type: 'string' },
  description: 'Problems other than outages that an operator must act on, by name. Absent where there is none.',
};

/** The paths that every service has: health, metrics, what it is. */
export const operationPaths = {
  '/health': {
    get: {
      operationId: 'health',
      tags: ['operations'],
      summary: 'The service and what it depends on',
      description:
        'A request that came through a proxy (it has X-Forwarded-For) gets the status, and the name and status of each dependency. A request that reaches the service directly gets the full report.',
      responses: {
        200: answer(
          'Healthy, or degraded: works, though not with everything.',
          { ...report, conditions },
          publicReport,
        ),
        503: answer('Unhealthy.', { ...report, conditions }, publicReport),
        ...otherErrors,
      },
    },
  },
  '/live': {
    get: {
      operationId: 'live',
      tags: ['operations'],
      summary: 'The process runs',
      responses: { 200: answer('It does.', { status: status('alive') }, ['status']), ...otherErrors },
    },
  },
  '/ready': {
    get: {
      operationId: 'ready',
      tags: ['operations'],
      summary: 'Traffic may come',
      responses: {
        200: answer('It may.', { status: status('ready') }, ['status']),
        503: answer('Not now.', { status: status('not ready'), reason: { type: 'string' } }, ['status', 'reason']),
        ...otherErrors,
      },
    },
  },
  '/info': {
    get: {
      operationId: 'info',
      tags: ['operations'],
      summary: 'What this is',
      responses: {
        200: answer(
          'Names and versions.',
          Object.fromEntries(
            ['service', 'version', 'description', 'node', 'started_at'].map((name) => [name, { type: 'string' }]),
          ),
          ['service', 'version', 'description', 'node', 'started_at'],
        ),
        ...otherErrors,
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['operations'],
      summary: 'For Prometheus',
      responses: {
        200: {
          description: 'Text format.',
          headers: requestIdHeader,
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        ...otherErrors,
      },
    },
  },
};
