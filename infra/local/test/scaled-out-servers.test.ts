import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { connect, type JetStreamManager, type NatsConnection, type StreamInfo } from 'nats';
import pg from 'pg';
import {
  freePort,
  type LocalProcess,
  localFolder,
  natsCluster,
  natsServer,
  pgBouncer,
  postgresServer,
  waitFor,
} from '../src/index.js';

const folder = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'));
const releases: (() => unknown)[] = [];

afterEach(async () => {
  for (let release = releases.pop(); release !== undefined; release = releases.pop()) await release();
});

function owned(...servers: readonly LocalProcess[]): void {
  for (const server of servers) releases.push(() => server.kill());
}

/** A proxy to a port that a test can cut permanently. */
async function openRelay(target: number): Promise<{ port: number; cut: () => void }> {
  const sockets: Socket[] = [];
  const relay = createServer((client) => {
    const server = createConnection(target, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => undefined);
    sockets.push(client, server);
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    relay.close();
    for (const socket of sockets) socket.destroy();
  };
  releases.push(cut);
  return { port: (relay.address() as AddressInfo).port, cut };
}

async function connectTo(servers: readonly LocalProcess[]): Promise<NatsConnection> {
  const connection = await connect({ servers: servers.map(({ port }) => `127.0.0.1:${port}`) });
  releases.push(() => connection.close());
  return connection;
}

/** On a busy machine the leader may regard a server as offline for some seconds, and then refuses to place replicas. */
async function addStream(manager: JetStreamManager): Promise<StreamInfo> {
  return await waitFor(() => manager.streams.add({ name: 'LETTERS', subjects: ['letters'], num_replicas: 3 }), {
    timeoutMs: 30_000,
    what: 'the cluster to place the replicas of a stream',
  });
}

test('a NATS cluster keeps a message when the server that accepted it is killed, and accepts more', async () => {
  const { servers, start } = await natsCluster({ folder: join(folder, 'nats') });
  owned(...servers);
  await start();
  const manager = await (await connectTo(servers)).jetstreamManager();
  const { cluster } = await addStream(manager);
  const jetstream = manager.jetstream();
  await jetstream.publish('letters', 'one');

  const leader = servers.find(({ name }) => name === cluster?.leader) as LocalProcess;
  await leader.kill();
  await waitFor(() => jetstream.publish('letters', 'two', { msgID: 'two' }), {
    timeoutMs: 30_000,
    what: 'the new leader to store the message',
  });
  const { state } = await manager.streams.info('LETTERS');
  expect(state.messages).toBe(2);

  await leader.start();
  await waitFor(
    async () => {
      const { cluster: now } = await manager.streams.info('LETTERS');
      return now?.replicas?.every(({ current }) => current);
    },
    { timeoutMs: 30_000, what: 'the killed server to catch up' },
  );
});

test('NATS servers connect only by their configured routes', async () => {
  const cuts: (() => void)[] = [];
  const { servers, start } = await natsCluster({
    folder: join(folder, 'routed'),
    route: async (_from, _to, port) => {
      const relay = await openRelay(port);
      cuts.push(relay.cut);
      return relay.port;
    },
  });
  owned(...servers);
  await start();
  const manager = await (await connectTo(servers)).jetstreamManager();
  await addStream(manager);
  const jetstream = manager.jetstream();
  await jetstream.publish('letters', 'while they are together');

  expect(cuts).toHaveLength(6);
  for (const cut of cuts) cut();
  const refused = () =>
    jetstream.publish('letters', 'while each is alone', { timeout: 1_000 }).then(
      () => false,
      () => true,
    );
  await waitFor(refused, { timeoutMs: 5_000, what: 'a publish to be refused for lack of a majority' });
});

test('a NATS server with a wrong cluster password is refused by each server', async () => {
  const targets: number[] = [];
  const { servers, start } = await natsCluster({
    folder: join(folder, 'guarded'),
    route: (_from, _to, port) => {
      targets.push(port);
      return port;
    },
  });
  owned(...servers);
  await start();
  const monitorPort = await freePort();
  const ports = [...new Set(targets)];
  const credentials = ['', 'cluster:guessed@', 'cluster@'];
  const routes = credentials.flatMap((one) => ports.map((port) => `"nats://${one}127.0.0.1:${port}"`));
  const rogue = await natsServer({
    folder: join(folder, 'rogue'),
    settings: `http: "127.0.0.1:${monitorPort}"
cluster { name: local, listen: "127.0.0.1:-1", pool_size: -1, routes: [${routes.join(', ')}] }`,
  });
  owned(rogue);
  await rogue.start();
  const logs = servers.map(({ name }) => join(folder, 'guarded', name, 'nats.log'));
  const refusals = (log: string) => readFileSync(log, 'utf8').match(/authentication error/gi)?.length ?? 0;
  await waitFor(() => logs.every((log) => refusals(log) >= credentials.length), {
    timeoutMs: 30_000,
    what: 'each server to refuse each of the wrong credentials',
  });
  // The rogue lists a route until its refusal arrives, and tries again every second. A route that is not refused stays.
  const routesOfRogue = async () => {
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/routez`);
    return ((await answer.json()) as { num_routes: number }).num_routes;
  };
  await waitFor(async () => (await routesOfRogue()) === 0, { timeoutMs: 10_000, what: 'the rogue to have no route' });
  // The cluster itself still works.
  const manager = await (await connectTo(servers)).jetstreamManager();
  await addStream(manager);
}, 90_000);

test('PgBouncer shares connections per transaction, and restarts without its Postgres', async () => {
  const postgres = await postgresServer({ folder: join(folder, 'postgres') });
  const bouncer = await pgBouncer({ folder: join(folder, 'pgbouncer'), postgres: postgres.env });
  owned(postgres, bouncer);
  await Promise.all([postgres.start(), bouncer.start()]);
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database } = bouncer.env;
  const open = () => {
    // The same timeouts as in the services, which PgBouncer must accept.
    const pool = new pg.Pool({
      host: '127.0.0.1',
      port: bouncer.port,
      user,
      password,
      database,
      statement_timeout: 900,
      connectionTimeoutMillis: 900,
    });
    pool.on('error', () => undefined);
    releases.push(() => pool.end());
    return pool;
  };
  const backend = async (pool: pg.Pool) =>
    (await pool.query('SELECT pg_backend_pid() AS pid, $1::int', [1])).rows[0].pid;
  const [one, other] = [open(), open()];
  expect(await backend(one)).toBe(await backend(other));

  await postgres.stop();
  await bouncer.restart();
  await expect(backend(one)).rejects.toThrow();
  await postgres.start();
  await waitFor(() => backend(one), { timeoutMs: 15_000, what: 'an answer from Postgres' });
});
