import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_ENDPOINTS, withPrefix } from '@ads/contract';
import { ACCEPTED } from '@ads/harness';
import { type LocalProcess, openTestServers, SERVICE_NAMES, waitFor } from '@ads/local';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Environment, openEnvironment, untilHealthy, untilTrusted } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { call } from './support/http.js';
import { newEvent, readMetrics, startPlayers } from './support/players.js';

const EVERYWHERE = [
  'http_requests_total',
  'http_request_duration_seconds',
  'circuit_breaker_state',
  'database_operations_total',
  'database_operation_duration_seconds',
  'database_pool_connections',
  'database_pool_waiting',
  'database_pool_max_connections',
  'redis_operations_total',
  'process_cpu_seconds_total',
];

const testServers = openTestServers();
const dailyLogs = join(testServers.folder, 'daily');
let environment: Environment;
let services: readonly LocalProcess[];
const refusedIds = [`refused-${randomUUID()}`, `refused-${randomUUID()}`];
const secretPaths = ['/wp-login.php', '/api/v1/ads/8d6f1a', '/ads/click/x', '/metrics/../etc/passwd', '/%00'];

beforeAll(async () => {
  environment = await openEnvironment(testServers, {
    ...(await testServers.database()),
    METRICS_MAX_ADS: '1',
    LOG_FILE: join(dailyLogs, 'ads.log'),
  });
  services = SERVICE_NAMES.map((name) => environment.stack[name]);
  await untilHealthy(environment);
  await untilTrusted(environment);
  const players = startPlayers(environment, { adIds: ['ad-001', 'ad-002', 'ad-003'] });
  await players.more(200);
  await players.stop();
  expect([...players.outcomes.keys()]).toEqual([ACCEPTED]);
  for (const path of secretPaths) {
    await call(`${environment.stack.url}${path}`);
    await call(`http://127.0.0.1:${environment.stack.analytics.port}${path}`);
  }
  for (const id of refusedIds) {
    const answer = await call(`${environment.stack.url}/api/v1/ads/click`, {
      method: 'POST',
      body: { ad_id: 7 },
      headers: { 'X-Request-ID': id },
    });
    expect({ status: answer.status, id: answer.headers['x-request-id'] }).toEqual({ status: 400, id });
  }
  await expectExact(environment);
});

afterAll(() => testServers.release());

const metricsOf = ({ host, port }: LocalProcess) => readMetrics(`http://${host}:${port}`);

function expectFamilies(text: string, families: readonly string[]): void {
  const described = families.filter(
    (family) =>
      new RegExp(`^# HELP ${family} \\S`, 'm').test(text) &&
      new RegExp(`^# TYPE ${family} (counter|gauge|histogram)$`, 'm').test(text),
  );
  expect(described).toEqual(families);
}

type Sample = readonly [name: string, labels: Readonly<Record<string, string | RegExp>>];

/** Expects each of these metrics, with any further labels. */
function expectSamples(text: string, samples: readonly Sample[]): void {
  const lines = text.split('\n');
  const missing = samples.filter(
    ([name, labels]) =>
      !lines.some((line) => {
        if (!line.startsWith(`${name}{`) || !/\} \d/.test(line)) return false;
        return Object.entries(labels).every(([label, wanted]) => {
          const value = new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? '';
          return typeof wanted === 'string' ? value === wanted : wanted.test(value);
        });
      }),
  );
  expect(missing).toEqual([]);
}

test('every metric has a help text and a type', async () => {
  for (const service of services) {
    const text = await metricsOf(service);
    const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]);
    const described = [...text.matchAll(/^# HELP (\S+) /gm)].map((match) => match[1]);
    expect(described).toEqual(families);
    expect(new Set(families).size).toBe(families.length);
    expectFamilies(text, EVERYWHERE);
    expectSamples(text, [
      ['circuit_breaker_state', { dependency: 'postgres' }],
      ['circuit_breaker_state', { dependency: 'redis' }],
      ['database_operations_total', { operation: /./, status: 'ok' }],
      ['database_operation_duration_seconds_count', { operation: /./ }],
      ['database_pool_connections', { state: 'in_use' }],
      ['database_pool_connections', { state: 'idle' }],
    ]);
  }
  for (const service of [environment.stack.consumer, environment.stack.analytics]) {
    expectSamples(await metricsOf(service), [['redis_operations_total', { operation: /./, status: 'ok' }]]);
  }
});

test('each service has metrics of its work', async () => {
  const { ingest, consumer, analytics } = environment.stack;
  const atIngest = await metricsOf(ingest);
  expectFamilies(atIngest, ['ad_clicks_total', 'ad_impressions_total', 'ingest_batch_events', 'nats_messages_total']);
  expectSamples(atIngest, [
    ['http_requests_total', { method: 'POST', endpoint: '/api/v1/ads/click', status_code: '202' }],
    ['http_requests_total', { method: 'POST', endpoint: '/api/v1/ads/click', status_code: '400' }],
    ['http_request_duration_seconds_count', { endpoint: '/api/v1/ads/click' }],
    ['nats_messages_total', { direction: 'out', status: 'ok' }],
    ['ingest_batch_events_count', { by: 'jetstream' }],
    ['circuit_breaker_state', { dependency: 'nats' }],
    ['ad_clicks_total', { ad_id: 'other' }],
  ]);
  expect(new Set([...atIngest.matchAll(/^ad_clicks_total\{ad_id="([^"]*)"/gm)].map((match) => match[1])).size).toBe(2);

  // This metric is updated every few seconds while NATS is connected.
  await waitFor(async () => (await metricsOf(consumer)).includes('consumer_backlog_messages{'), {
    timeoutMs: 20_000,
    what: 'the backlog to be read',
  });
  const atConsumer = await metricsOf(consumer);
  expectFamilies(atConsumer, ['consumer_backlog_messages', 'ledger_batch_events', 'event_freshness_seconds']);
  expectSamples(atConsumer, [
    ['nats_messages_total', { direction: 'in', status: 'ok' }],
    ['consumer_backlog_messages', { state: 'pending' }],
    ['ledger_batch_events_count', {}],
    ['event_freshness_seconds_count', {}],
    ['circuit_breaker_state', { dependency: 'nats' }],
  ]);

  const atAnalytics = await metricsOf(analytics);
  expectSamples(atAnalytics, [
    ['http_requests_total', { method: 'GET', endpoint: '/api/v1/ads/analytics', status_code: '200' }],
    ['redis_operations_total', { operation: /./, status: 'hit' }],
  ]);
});

test('clients cannot choose the labels of metrics', async () => {
  // The label is the route of Express.
  const routes = ALL_ENDPOINTS.map(({ path }) => path.replaceAll(/{(\w+)}/g, ':$1'));
  const known = ['unmatched', ...withPrefix(routes)];
  for (const service of services) {
    const endpoints = [...(await metricsOf(service)).matchAll(/endpoint="([^"]*)"/g)].map((match) => match[1]);
    expect([...new Set(endpoints)].filter((endpoint) => !known.includes(endpoint ?? ''))).toEqual([]);
  }
});

test('every log line of a healthy run is JSON, and none is a warning', async () => {
  // The summary of successful requests is logged later.
  await waitFor(() => readLines(environment.stack.ingest).some(({ event }) => event === 'request.summary'), {
    timeoutMs: 20_000,
    what: 'the summary of the requests',
  });
  expect((await environment.send(newEvent())).status).toBe(202);
  for (const service of services) expect(await service.stop()).toEqual({ code: 0, signal: null });

  for (const service of services) {
    const lines = readLines(service);
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
    for (const line of lines) {
      expect(line).toMatchObject({ timestamp: expect.stringMatching(/^\d{4}-.*Z$/), service: service.name });
    }
    const [daily = ''] = readdirSync(dailyLogs).filter((name) => name.startsWith(`ads-${service.name}-2`));
    expect(parseLines(join(dailyLogs, daily))).toEqual(lines);
  }
  const refused = readLines(environment.stack.ingest).filter(({ event }) => event === 'request.refused');
  expect(refused.map(({ request_id: id }) => id)).toEqual(expect.arrayContaining(refusedIds));
});

function readLines(service: LocalProcess): Record<string, unknown>[] {
  return parseLines(service.logFile);
}

function parseLines(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
