import Joi from 'joi';
import type { Variables } from '../config/config.js';
import { listOf, parseUrl, secret } from '../config/schemas.js';

export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

type Pairs = Readonly<Record<string, string>>;

/** The standard variables of OpenTelemetry that the services read. */
export interface TracingConfig {
  readonly OTEL_SDK_DISABLED: boolean;
  readonly OTEL_TRACES_EXPORTER?: 'otlp' | 'none' | undefined;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_HEADERS?: Pairs | undefined;
  readonly OTEL_EXPORTER_OTLP_PROTOCOL?: 'http/json' | undefined;
  readonly OTEL_SERVICE_NAME?: string | undefined;
  readonly OTEL_RESOURCE_ATTRIBUTES?: Pairs | undefined;
  readonly OTEL_TRACES_SAMPLER: (typeof SAMPLERS)[number];
  readonly OTEL_TRACES_SAMPLER_ARG: number;
}

const address = Joi.string().trim().custom(toAddress);

export const tracingVariables: Variables<TracingConfig> = {
  OTEL_SDK_DISABLED: Joi.boolean().default(false).description('`true` switches tracing off, whatever else is set.'),
  OTEL_TRACES_EXPORTER: Joi.string()
    .valid('otlp', 'none')
    .description(
      '`otlp` switches tracing on, `none` off. Unset: tracing is on if `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set.',
    ),
  OTEL_EXPORTER_OTLP_ENDPOINT: address.description(
    'Address of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://collector:4318`; spans go to `/v1/traces` below it. With `OTEL_TRACES_EXPORTER=otlp` alone it is `http://localhost:4318`.',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: address.description(
    'Full URL for spans, such as `https://collector/v1/traces`, instead of `OTEL_EXPORTER_OTLP_ENDPOINT`.',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: secret
    .custom(toPairs)
    .description('Headers for the collector: `name=value` pairs with commas between them, percent-encoded.'),
  OTEL_EXPORTER_OTLP_PROTOCOL: Joi.string()
    .valid('http/json')
    .messages({ 'any.only': 'must be http/json: the services send OTLP as JSON over HTTP, usually to port 4318' })
    .description('Only `http/json`, which collectors take on the port of OTLP over HTTP.'),
  OTEL_SERVICE_NAME: Joi.string()
    .max(255)
    .description('`service.name` of the spans. Unset: `ingest`, `consumer` or `analytics`. Set it for each service.'),
  OTEL_RESOURCE_ATTRIBUTES: Joi.string()
    .custom(toPairs)
    .description('Further attributes of all spans, such as `deployment.environment.name=production`.'),
  OTEL_TRACES_SAMPLER: Joi.string()
    .valid(...SAMPLERS)
    .default('traceidratio')
    .description(
      'Which requests are traced: `traceidratio` (the share `OTEL_TRACES_SAMPLER_ARG`), `always_on` or `always_off`. These ignore the header `traceparent` of clients, so that no client chooses what is traced. With the prefix `parentbased_`, a request with that header is traced if its header says so: use it only behind a gateway that sets or removes the header. The consumer traces what ingest has traced.',
    ),
  OTEL_TRACES_SAMPLER_ARG: Joi.number()
    .min(0)
    .max(1)
    .default(0.01)
    .description('Share of the requests that are traced, from 0 to 1, with a sampler of that kind.'),
};

function toAddress(value: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const protocol = parseUrl(value)?.protocol;
  if (protocol === 'http:' || protocol === 'https:') return value;
  return helpers.message({ custom: 'must be a URL such as http://collector:4318' });
}

/** Reads `name=value,name=value`, the format of W3C Baggage. */
function toPairs(value: string, helpers: Joi.CustomHelpers): Pairs | Joi.ErrorReport {
  try {
    return Object.fromEntries(listOf(value).map(toPair));
  } catch {
    return helpers.message({ custom: 'must be pairs such as name=value,name2=value2, percent-encoded' });
  }
}

/** @throws Error if there is no name, or a percent-encoding is not valid */
function toPair(text: string): readonly [string, string] {
  const end = text.indexOf('=');
  if (end < 1) throw new Error('no name');
  return [decodeURIComponent(text.slice(0, end).trim()), decodeURIComponent(text.slice(end + 1).trim())];
}
