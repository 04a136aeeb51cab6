import type { HealthAnswer } from '@ads/contract';
import {
  type AdAnswer,
  type AdminClients,
  askAnalytics,
  Journal,
  openAdminClients,
  UNLIMITED,
  untilFromRedis,
} from '@ads/harness';
import { type LocalProcess, openPool, SERVICE_NAMES, type TestServers, type TestStack, waitFor } from '@ads/local';
import { EVENT_KINDS, EVENT_STREAM, type EventKind } from '@ads/models';
import type { JetStreamClient, JetStreamManager } from 'nats';
import type pg from 'pg';
import { type Answer, call, json } from './http.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** An event that was answered 202. */
export interface SentEvent {
  readonly kind: EventKind;
  readonly id: string;
  readonly adId: string;
}

/** The whole tracker with real servers, and direct connections to each of them. */
export interface Environment {
  readonly stack: TestStack;
  readonly redis: LocalProcess;
  readonly nats: LocalProcess;
  /** Every event that was answered 202, once even if it was sent repeatedly. */
  readonly journal: Journal;
  readonly admin: AdminClients;
  readonly jetstream: JetStreamView;
  /** Runs before the servers stop, also after a failed test, so that no work continues afterwards. */
  readonly onRelease: TestServers['onRelease'];
  /** Sends one request without retries. A 202 is added to the journal. */
  send(event: SentEvent, options?: SendOptions): Promise<Answer>;
  analytics(adId: string): Promise<AdAnswer>;
}

export interface SendOptions {
  readonly url?: string;
  readonly timeoutMs?: number;
  readonly agent?: import('node:http').Agent;
}

/** The messages that JetStream holds. */
export interface JetStreamView {
  client(): JetStreamClient;
  manager(): JetStreamManager;
  /** Messages that a stream holds now. */
  held(stream?: string): Promise<number>;
  /** Messages that a stream ever took. */
  taken(stream?: string): Promise<number>;
}

/** Short, so that tests with a hanging server do not take long. */
export const QUICK_TIMEOUTS = {
  NATS_TIMEOUT_MS: '500',
  POSTGRES_TIMEOUT_MS: '1500',
  REDIS_TIMEOUT_MS: '300',
  // A killed NATS may keep acknowledged messages. The consumer looks for them after three ack waits.
  NATS_ACK_WAIT_SECONDS: '2',
};

/** Starts everything. `env` has the variables of Postgres and further variables of the services. */
export async function openEnvironment(testServers: TestServers, env: Variables): Promise<Environment> {
  const [redis, nats] = await Promise.all([testServers.redis(), testServers.nats()]);
  const stack = await testServers.stack({ ...redis.env, ...nats.env, ...UNLIMITED, ...env });
  return attachEnvironment(testServers, { stack, redis, nats, postgres: env });
}

/**
 * The same with a Postgres of its own, which a test may stop, and with quick timeouts.
 *
 * @param env further variables of the services
 */
export async function openStoppableEnvironment(
  testServers: TestServers,
  env: Variables = {},
): Promise<{ environment: Environment; postgres: LocalProcess }> {
  const postgres = await testServers.postgres();
  const environment = await openEnvironment(testServers, { ...postgres.env, ...QUICK_TIMEOUTS, ...env });
  return { environment, postgres };
}

export interface EnvironmentParts {
  readonly stack: TestStack;
  readonly redis: LocalProcess;
  /** All nodes of a Redis Cluster; by default `redis` alone. */
  readonly redisNodes?: readonly LocalProcess[];
  readonly nats: LocalProcess;
  /** Its variables. */
  readonly postgres: Variables;
}

/** An environment of servers and services that run already. */
export async function attachEnvironment(
  testServers: TestServers,
  { stack, redis, redisNodes = [redis], nats, postgres }: EnvironmentParts,
): Promise<Environment> {
  const admin = await openAdminClients({ env: postgres }, redisNodes, [nats]);
  testServers.onRelease(() => admin.close());
  const journal = new Journal();
  return {
    stack,
    redis,
    nats,
    journal,
    admin,
    jetstream: viewJetStream(admin),
    onRelease: testServers.onRelease,
    async send(event, { url = stack.url, ...options } = {}) {
      const body = { ad_id: event.adId, [EVENT_KINDS[event.kind].idField]: event.id };
      const answer = await call(`${url}/api/v1/ads/${event.kind}`, { method: 'POST', body, ...options });
      if (answer.status === 202) journal.acknowledge(event, event);
      return answer;
    },
    analytics: (adId) => askAnalytics(stack.url, adId),
  };
}

/** A pool that survives the death of its server. */
export function openDatabase(testServers: TestServers, env: Variables): pg.Pool {
  const pool = openPool(env, { max: 3, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  testServers.onRelease(() => pool.end());
  return pool;
}

function viewJetStream({ nats, jetstream }: AdminClients): JetStreamView {
  const state = async (stream: string) => (await jetstream.streams.info(stream)).state;
  return {
    client: () => nats.jetstream(),
    manager: () => jetstream,
    held: async (stream = EVENT_STREAM) => (await state(stream)).messages,
    taken: async (stream = EVENT_STREAM) => (await state(stream)).last_seq,
  };
}

/** Waits until analytics answers from Redis. */
export async function untilTrusted(environment: Environment, adId = 'ad-001'): Promise<void> {
  await untilFromRedis(environment.stack.url, adId, 20_000);
}

/** The `/health` report of a service. */
export async function healthOf({ host, port }: LocalProcess): Promise<HealthAnswer & { readonly code: number }> {
  const answer = await call(`http://${host}:${port}/health`);
  return { ...json<HealthAnswer>(answer), code: answer.status };
}

/** Waits until each service has found each of its servers, and has closed its breakers. */
export async function untilHealthy({ stack }: Pick<Environment, 'stack'>): Promise<void> {
  for (const service of SERVICE_NAMES.map((name) => stack[name])) {
    await waitFor(
      async () => {
        const { status, code, dependencies } = await healthOf(service);
        const closed = Object.values(dependencies).every(({ breaker }) => breaker === 'closed');
        return status === 'healthy' && code === 200 && closed;
      },
      { timeoutMs: 25_000, what: `${service.name} to be healthy` },
    );
  }
}
