import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type ConfigError, loadConfig } from '../src/config/config.js';
import { createShutdown } from '../src/process/shutdown.js';
import { openTracing } from '../src/tracing/open-tracing.js';
import { currentSpan, inSpan, type Span, withSpan } from '../src/tracing/span.js';
import type { Tracing } from '../src/tracing/tracing.js';
import { type TracingConfig, tracingVariables } from '../src/tracing/tracing-variables.js';

const quiet = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };

async function open(env: Record<string, string>): Promise<Tracing | undefined> {
  const config = loadConfig<TracingConfig>(env, tracingVariables);
  return await openTracing({
    service: 'test',
    version: '1.2.3',
    config,
    logger: quiet,
    shutdown: createShutdown(quiet),
  });
}

/** Traces by a sampler. Nothing is sent, because no span ends. */
async function tracingBy(sampler: string, share = '1'): Promise<Tracing> {
  const tracing = await open({
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_TRACES_SAMPLER: sampler,
    OTEL_TRACES_SAMPLER_ARG: share,
  });
  if (tracing === undefined) throw new Error('tracing is off');
  return tracing;
}

const TRACE_ID = 'a'.repeat(32);
const SAMPLED = `00-${TRACE_ID}-${'b'.repeat(16)}-01`;
const UNSAMPLED = `00-${TRACE_ID}-${'b'.repeat(16)}-00`;

describe('tracing', () => {
  it.each([
    [{}, false],
    [{ OTEL_SERVICE_NAME: 'ads', OTEL_TRACES_SAMPLER: 'always_on' }, false],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector/v1/traces' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, false],
  ])('with %j is on: %p', async (env, isOn) => {
    expect((await open(env)) !== undefined).toBe(isOn);
  });

  it('refuses values that would not work, and shows no header', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_TRACES_SAMPLER_ARG: '1.01',
      OTEL_RESOURCE_ATTRIBUTES: '=x',
    };
    const refusal = await open(env).catch((error: unknown) => error);
    const { problems } = refusal as ConfigError;
    expect(problems.map((problem) => problem.split(':', 1)[0]).sort()).toEqual(Object.keys(env).sort());
    expect(problems.join()).not.toContain('Authorization,');
  });

  it('reads headers and attributes as percent-encoded pairs', () => {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20a%3D, x-scope = 7', OTEL_RESOURCE_ATTRIBUTES: '' };
    expect(loadConfig<TracingConfig>(env, tracingVariables).OTEL_EXPORTER_OTLP_HEADERS).toEqual({
      authorization: 'Basic a=',
      'x-scope': '7',
    });
  });

  it('does not let a client choose what is traced', async () => {
    expect((await tracingBy('always_off')).beginRequest('GET', SAMPLED)).toBeUndefined();
    expect((await tracingBy('traceidratio', '0')).beginRequest('GET', SAMPLED)).toBeUndefined();
    const span = (await tracingBy('always_on')).beginRequest('GET', UNSAMPLED);
    expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span?.traceId).not.toBe(TRACE_ID);
  });

  it('follows the client with a sampler based on the parent', async () => {
    const tracing = await tracingBy('parentbased_traceidratio', '0');
    expect(tracing.beginRequest('GET', SAMPLED)?.traceId).toBe(TRACE_ID);
    expect(tracing.beginRequest('GET', undefined)).toBeUndefined();
    const all = await tracingBy('parentbased_always_on');
    expect(all.beginRequest('GET', UNSAMPLED)).toBeUndefined();
    expect(all.beginRequest('GET', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`)).toBeDefined();
  });

  it('continues a trace of another service, whatever the sampler says', async () => {
    const tracing = await tracingBy('traceidratio', '0');
    const span = tracing.continueTrace('process', SAMPLED, {});
    expect(span?.traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    for (const header of [undefined, '', UNSAMPLED, `${SAMPLED}x`]) {
      expect(tracing.continueTrace('process', header, {})).toBeUndefined();
    }
  });

  it('has a current span within the work of a request, until the span ends', async () => {
    const request = spanNamed('request');
    let later: Promise<Span | undefined> | undefined;
    await withSpan(request, async () => {
      await sleep(1);
      expect(currentSpan()).toBe(request);
      const query = inSpan('query', {}, async () => currentSpan()?.spanId);
      expect(await query).toBe('query');
      later = sleep(1).then(currentSpan);
      request.end();
    });
    expect(await later).toBeUndefined();
    expect(currentSpan()).toBeUndefined();
    expect(await inSpan('query', {}, async () => currentSpan())).toBeUndefined();
  });
});

/** A span that is not sent. */
function spanNamed(name: string): Span {
  let isOpen = true;
  return {
    traceId: TRACE_ID,
    spanId: name,
    traceparent: SAMPLED,
    isOpen: () => isOpen,
    begin: spanNamed,
    end: () => {
      isOpen = false;
    },
  };
}
