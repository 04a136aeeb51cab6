import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Variables } from '../database.js';
import { openGateway } from '../gateway/gateway.js';
import type { LocalProcess } from '../processes/local-process.js';
import { type NatsOptions, natsServer } from '../servers/nats.js';
import { type PostgresOptions, postgresServer, SHORT_LIVED } from '../servers/postgres.js';
import { type RedisOptions, redisServer } from '../servers/redis.js';
import { type RedisCluster, redisCluster } from '../servers/redis-cluster.js';
import { type RedisSentinelOptions, redisSentinel } from '../servers/redis-sentinel.js';
import { forEachService, type ServiceName } from '../service-table.js';
import { type ServiceOptions, serviceProcess } from '../services.js';
import { type Certificates, makeCertificates } from './certificates.js';
import { copyTemplateDatabase, copyTemplateServer } from './templates.js';

/** The whole tracker behind one address. */
export interface TestStack extends Readonly<Record<ServiceName, LocalProcess>> {
  /** `http://127.0.0.1:<port>` of the gateway. */
  readonly url: string;
  /** The variables of the services. */
  readonly env: Variables;
}

/** Real servers for one test file; `release` ends all of them. */
export interface TestServers {
  /** The folder for files of the test. */
  readonly folder: string;
  /** Runs at `release`, last in, first out. */
  onRelease(release: () => unknown): void;
  /** Creates a migrated database with the sample ads on the Postgres of the test run. @returns its variables */
  database(): Promise<Variables>;
  /** Starts a Postgres for tests that stop or kill it, migrated and with the sample ads. */
  postgres(options?: Pick<PostgresOptions, 'settings'>): Promise<LocalProcess>;
  /** Makes an authority and its certificates for TLS. */
  certificates(): Promise<Certificates>;
  redis(options?: Pick<RedisOptions, 'persist' | 'settings'>): Promise<LocalProcess>;
  /** Starts a Sentinel of a Redis. */
  redisSentinel(options: Omit<RedisSentinelOptions, 'folder'>): Promise<LocalProcess>;
  /** Starts a Redis Cluster of three primaries with one replica each. */
  redisCluster(): Promise<RedisCluster>;
  nats(options?: Pick<NatsOptions, 'jetstream' | 'settings'>): Promise<LocalProcess>;
  /** Starts a service. */
  service(options: Pick<ServiceOptions, 'name' | 'env' | 'nodeArgs'>): Promise<LocalProcess>;
  /** A gateway in front of running services; by default all services are started. */
  stack(env: Variables, services?: Readonly<Record<ServiceName, LocalProcess>>): Promise<TestStack>;
  release(): Promise<void>;
}

/** @throws Error if the tests were not started by `npm test` */
export function openTestServers(): TestServers {
  const root = process.env.TEST_FOLDER;
  if (root === undefined || process.env.TEST_POSTGRES_HOST === undefined) {
    throw new Error(
      'These tests need real servers: run them with `npm test`, one file with `npm test -- path/of/file`.',
    );
  }
  const folder = join(root, randomBytes(4).toString('hex'));
  const releases: (() => unknown)[] = [];
  let parts = 0;
  const partFolder = (name: string) => join(folder, `${name}-${++parts}`);

  async function started(server: LocalProcess): Promise<LocalProcess> {
    releases.push(() => (server.pid === undefined ? undefined : server.kill()));
    await server.start();
    return server;
  }

  return {
    folder,
    onRelease: (release) => {
      releases.push(release);
    },
    database: () => copyTemplateDatabase(testPostgres()),
    certificates: () => makeCertificates(partFolder('certificates')),
    async postgres({ settings } = {}) {
      const own = partFolder('postgres');
      await copyTemplateServer(root, own);
      return started(await postgresServer({ folder: own, settings: { ...SHORT_LIVED, ...settings } }));
    },
    redis: async (options = {}) => started(await redisServer({ folder: partFolder('redis'), ...options })),
    redisSentinel: async (options) => started(await redisSentinel({ folder: partFolder('sentinel'), ...options })),
    async redisCluster() {
      const cluster = await redisCluster({ folder: partFolder('redis-cluster') });
      releases.push(() => Promise.all(cluster.nodes.map((node) => node.kill())));
      await cluster.start();
      return cluster;
    },
    nats: async (options = {}) => started(await natsServer({ folder: partFolder('nats'), ...options })),
    service: async (options) => started(await serviceProcess({ ...options, logFolder: partFolder(options.name) })),
    async stack(env, running) {
      let services = running;
      const gateway = await openGateway({
        host: '127.0.0.1',
        port: 0,
        portOf: (upstream) => services?.[upstream].port,
      });
      releases.push(() => gateway.close());
      const url = `http://127.0.0.1:${gateway.port}`;
      const settings = { TRUST_PROXY: 'loopback', PUBLIC_URL: url, ...env };
      services ??= await forEachService((name) => this.service({ name, env: settings }));
      return { url, ...services, env: settings };
    },
    async release() {
      for (let release = releases.pop(); release !== undefined; release = releases.pop()) await release();
    },
  };
}

/** The address of the Postgres of the test run. */
function testPostgres(): Variables {
  return Object.fromEntries(
    ['HOST', 'PORT', 'USER', 'PASSWORD', 'DB'].map((name) => [
      `POSTGRES_${name}`,
      process.env[`TEST_POSTGRES_${name}`],
    ]),
  );
}
