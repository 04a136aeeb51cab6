import { ACCEPTED, type AdminClients, REDIRECTED } from '@ads/harness';
import { waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import { Redis } from 'ioredis';
import type { Dependency } from '../stack/dependency.js';
import { type Fault, type FaultContext, frozen, killAndStart } from './fault.js';
import { killPostmaster } from './kills.js';
import { expectOutcomes } from './outages.js';

const LEADER_MS = 20_000;
const ONLY_ACCEPTED = new Set([ACCEPTED, REDIRECTED]);

/** The name of the leader; undefined during an election. */
type Leader = (admin: AdminClients) => Promise<string | undefined>;

async function streamLeader({ jetstream }: AdminClients): Promise<string | undefined> {
  return (await jetstream.streams.info(EVENT_STREAM)).cluster?.leader;
}

/** The server that leads the consumer. If it also leads the stream, it steps down first. */
async function consumerLeader(admin: AdminClients): Promise<string | undefined> {
  const { jetstream, nats } = admin;
  const { cluster } = await jetstream.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
  if (cluster?.leader !== (await streamLeader(admin))) return cluster?.leader;
  await nats.request(`$JS.API.CONSUMER.LEADER.STEPDOWN.${EVENT_STREAM}.${LEDGER_CONSUMER}`);
  return undefined;
}

type Harm = (victim: Dependency, context: FaultContext) => Promise<void>;

/** @param signals none by default: two of three servers continue without a failure that clients notice */
function ofLeader(name: string, leader: Leader, harm: Harm, signals: Fault['signals'] = []): Fault {
  return {
    name,
    scaledOut: true,
    signals,
    async run(context) {
      const { stack } = context;
      const victim = await waitFor(() => leader(stack.admin), {
        timeoutMs: LEADER_MS,
        intervalMs: 200,
        what: `a leader for ${name}`,
      });
      await harm(stack.serverNamed(victim), context);
    },
  };
}

const killed: Harm = (victim, { random }) => killAndStart(random, victim);

const stopped: Harm = ({ name, server }, context) =>
  frozen(server, () => expectOutcomes(context, ONLY_ACCEPTED, 10, `${name} was frozen`));

/** Cuts a server off from the other servers, but not from its clients, which stay connected after it lost the leadership. */
const isolated: Harm = async ({ name }, context) => {
  const { natsRoutes } = context.stack.scaledOut;
  await natsRoutes.cutOff(name);
  try {
    await expectOutcomes(context, ONLY_ACCEPTED, 8, `${name} was cut off`);
  } finally {
    await natsRoutes.heal();
  }
};

const cutOff: Harm = async (victim, context) => {
  await victim.refuse();
  try {
    await isolated(victim, context);
  } finally {
    await victim.heal();
  }
};

function ofRedisPrimary(name: string, signals: Fault['signals'], harm: Harm): Fault {
  return {
    name,
    scaledOut: true,
    signals,
    async run(context) {
      const { random, stack } = context;
      const primary = random.pick(await stack.scaledOut.redisCluster.primaries());
      await harm(stack.serverNamed(primary.name), context);
    },
  };
}

/** Failures of one server of a cluster: a NATS leader, a Redis primary, PgBouncer, or the Postgres behind PgBouncer. */
export const scaledOut: readonly Fault[] = [
  ofLeader('nats-leader-kill', streamLeader, killed, ['nats']),
  ofLeader('nats-leader-stop', streamLeader, stopped, ['nats']),
  ofLeader('nats-leader-cut-off', streamLeader, cutOff, ['nats']),
  ofLeader('nats-leader-isolated', streamLeader, isolated, ['nats']),
  ofLeader('nats-consumer-leader-kill', consumerLeader, killed),
  ofLeader('nats-consumer-leader-stop', consumerLeader, stopped),
  ofLeader('nats-consumer-leader-cut-off', consumerLeader, cutOff),
  // The primary restarts empty, either before the other nodes notice or after its replica has taken over.
  ofRedisPrimary('redis-primary-kill', ['redis', 'counters'], killed),
  ofRedisPrimary('redis-primary-stop', ['redis', 'counters'], ({ server }, { last }) => frozen(server, () => last(10))),
  ofRedisPrimary('redis-primary-flushall', ['counters'], async ({ server }) => {
    const redis = new Redis(server.port, server.host);
    await redis.flushall();
    redis.disconnect();
  }),
  {
    name: 'pgbouncer-kill',
    scaledOut: true,
    signals: ['postgres'],
    run: ({ stack, random }) => killAndStart(random, stack.scaledOut.pgbouncer),
  },
  { ...killPostmaster('pgbouncer-postgres-kill', 'SIGKILL'), scaledOut: true },
];
