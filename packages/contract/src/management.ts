/* The responses of the management endpoints: JSON Schemas, and the types that they describe. */

/** The type of the values that a schema of this file describes. */
type ValueOf<Schema> = Schema extends { enum: readonly (infer Value)[] }
  ? Value
  : Schema extends { type: 'string' }
    ? string
    : Schema extends { type: 'number' }
      ? number
      : Schema extends { additionalProperties: infer Item }
        ? Readonly<Record<string, ValueOf<Item>>>
        : Schema extends { properties: infer Fields; required: readonly (infer Required)[] }
          ? { readonly [Name in Extract<keyof Fields, Required>]: ValueOf<Fields[Name]> } & {
              readonly [Name in Exclude<keyof Fields, Required>]?: ValueOf<Fields[Name]>;
            }
          : never;

const dependencySchema = {
  type: 'object',
  description: 'State of one dependency.',
  properties: {
    status: { type: 'string', enum: ['up', 'down'], description: 'Result of the latest calls.' },
    breaker: {
      type: 'string',
      enum: ['closed', 'half-open', 'open'],
      description: 'State of the circuit breaker. Direct requests only.',
    },
    detail: { type: 'string', description: 'Reason of the current or last failure. Direct requests only.' },
  },
  required: ['status'],
} as const;

/** `GET /health`. Requests through a proxy get the required fields only. */
export const healthSchema = {
  type: 'object',
  properties: {
    status: {
      type: 'string',
      enum: ['healthy', 'degraded', 'unhealthy'],
      description:
        '`healthy`: everything works. `degraded`: a dependency is unavailable or a condition holds, and the service still works. `unhealthy`: the service cannot do its work.',
    },
    service: { type: 'string', description: 'Name of the service. Direct requests only.' },
    version: { type: 'string', description: 'Version of the service. Direct requests only.' },
    uptime_seconds: { type: 'number', minimum: 0, description: 'Seconds since the start. Direct requests only.' },
    dependencies: { type: 'object', additionalProperties: dependencySchema, description: 'Dependencies by name.' },
    conditions: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description:
        'States other than outages that need attention, by name. Absent if there are none. Direct requests only.',
    },
  },
  required: ['status', 'dependencies'],
} as const;

/** The body of `GET /health`. */
export type HealthAnswer = ValueOf<typeof healthSchema>;

/** `GET /live` */
export const liveSchema = {
  type: 'object',
  properties: { status: { type: 'string', enum: ['alive'] } },
  required: ['status'],
} as const;

/** `GET /ready`, 200 */
export const readySchema = {
  type: 'object',
  properties: { status: { type: 'string', enum: ['ready'] } },
  required: ['status'],
} as const;

/** `GET /ready`, 503 */
export const notReadySchema = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['not ready'] },
    reason: { type: 'string', description: 'Why it accepts no traffic.' },
  },
  required: ['status', 'reason'],
} as const;

/** `GET /info` */
export const infoSchema = {
  type: 'object',
  properties: {
    service: { type: 'string', description: 'Name of the service.' },
    version: { type: 'string', description: 'Version of the service.' },
    description: { type: 'string', description: 'Purpose of the service.' },
    node: { type: 'string', description: 'Version of Node.js.' },
    started_at: { type: 'string', format: 'date-time', description: 'Start of the process.' },
  },
  required: ['service', 'version', 'description', 'node', 'started_at'],
} as const;
