import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventKey, type Journal, type Report, readRows, send } from '@ads/harness';
import { restorePostgresFiles, restoreStreams, takeBackup, verifyBackup, waitFor } from '@ads/local';
import { EVENT_STREAM, type EventKind } from '@ads/models';
import type { ChaosStack } from '../stack/chaos-stack.js';
import type { Fault, FaultContext } from './fault.js';
import { backInTime } from './truth.js';

const RECORDED_MS = 90_000;
const CLIENTS = 20;

/**
 * The disaster of a data center: a backup under load, then the death of every process and the loss of all data of Postgres and
 * NATS, then the restore. Redis survives in every other run, with counters of events that are gone.
 *
 * An event that was acknowledged before `complete_until` of the backup must be there once, without help. A later one may be lost; clients
 * send it again, and it must count once whether it was in the backup or not.
 */
export const backups: readonly Fault[] = [
  {
    name: 'backup-restored',
    signals: [],
    killsIngest: true,
    async run(context) {
      const { stack, journal, last, remark, complain } = context;
      const backup = join(stack.folder, 'backup');
      rmSync(backup, { recursive: true, force: true });
      const began = performance.now();
      const { env: postgres } = stack.postgres.server;
      const { env: nats } = stack.nats.server;
      const { result: manifest, before } = await withAcknowledged(journal, () =>
        whileConsumersStop(stack, () => takeBackup({ folder: backup, postgres, nats })),
      );
      const promised = before(Date.parse(manifest.complete_until));
      const seconds = ((performance.now() - began) / 1_000).toFixed(1);
      await last(3);
      let recorded: ReadonlySet<string> = new Set();
      await backInTime(context, async () => {
        await loseEverything(context);
        recorded = await restore(context, backup);
        await startAgain(context);
      });
      const stored = await storedKeys(context);
      const lost = [...promised].filter((key) => !stored.has(key));
      if (lost.length > 0) {
        complain(`${lost.length} of ${promised.size} events were promised by the backup and are lost: ${lost[0]}`);
      }
      const later = [...journal.acknowledged].filter(([key]) => !promised.has(key) && !stored.has(key));
      await sendAgain(context, later);
      const waited = [...promised].filter((key) => !recorded.has(key) && stored.has(key)).length;
      const { events } = manifest.rows;
      remark(
        `backup in ${seconds} s with ${events} stored events; of ${promised.size} events that it promises ${waited} were only in the ` +
          `stream and ${lost.length} were lost; ${later.length} later ones were sent again`,
      );
    },
  },
];

const SAMPLE_MS = 5;

/** @returns the result of `work`, and the events that were acknowledged before a moment of it */
async function withAcknowledged<T>({ acknowledged }: Journal, work: () => Promise<T>) {
  // Events stay in the order of their first acknowledgement.
  const sizes: { readonly at: number; readonly size: number }[] = [];
  const sample = () => sizes.push({ at: Date.now(), size: acknowledged.size });
  sample();
  const sampling = setInterval(sample, SAMPLE_MS);
  try {
    const result = await work();
    const before = (time: number) => {
      const size = sizes.findLast(({ at }) => at < time)?.size ?? 0;
      return new Set([...acknowledged.keys()].slice(0, size));
    };
    return { result, before };
  } finally {
    clearInterval(sampling);
  }
}

const STOP_MS = 200;

/**
 * Freezes the consumers again and again, so that events wait in the stream, and are recorded in bursts, at every moment of the
 * backup.
 */
async function whileConsumersStop<T>(stack: ChaosStack, work: () => Promise<T>): Promise<T> {
  const consumers = stack.slotsOf('consumer').map((slot) => slot.process);
  let working = true;
  const stopping = (async () => {
    while (working) {
      for (const consumer of consumers) consumer.pause();
      await sleep(STOP_MS);
      for (const consumer of consumers) consumer.resume();
      await sleep(STOP_MS);
    }
  })();
  try {
    return await work();
  } finally {
    working = false;
    await stopping;
  }
}

async function loseEverything({ stack, random }: FaultContext): Promise<void> {
  await Promise.all(stack.slots.map((slot) => slot.kill()));
  await Promise.all([stack.postgres.kill(), stack.nats.kill()]);
  if (random.chance(0.5)) {
    await stack.redis.kill();
    await stack.redis.start();
  }
  for (const name of ['postgres', 'nats']) {
    rmSync(join(stack.folder, name), { recursive: true, force: true });
    mkdirSync(join(stack.folder, name));
  }
}

/** Restores the servers, without the services. @returns the events that Postgres has */
async function restore({ stack, journal }: FaultContext, backup: string): Promise<ReadonlySet<string>> {
  const manifest = await verifyBackup(backup);
  await restorePostgresFiles(backup, manifest, join(stack.folder, 'postgres'));
  await Promise.all([stack.postgres.start(), stack.nats.start()]);
  await waitFor(() => !stack.admin.nats.isClosed() && stack.admin.nats.flush().then(() => true), {
    timeoutMs: 30_000,
    what: 'a connection to the restored NATS',
  });
  await restoreStreams(backup, manifest, stack.admin.nats);
  const recorded = await storedKeys({ stack });
  // Other clicks decide the verdict of a click, so a click that is recorded again may get another one.
  for (const key of [...journal.verdicts.keys()]) if (!recorded.has(key)) journal.verdicts.delete(key);
  return recorded;
}

/** Starts the services, and waits until the messages of the restored stream have left it. */
async function startAgain({ stack }: FaultContext): Promise<void> {
  const stateOf = async () => (await stack.admin.jetstream.streams.info(EVENT_STREAM)).state;
  const { last_seq: last } = await stateOf();
  await Promise.all(stack.slots.map((slot) => slot.start()));
  await waitFor(async () => (await stateOf()).first_seq > last, {
    timeoutMs: RECORDED_MS,
    intervalMs: 100,
    what: 'the messages of the restored stream to be recorded',
  });
}

async function storedKeys({ stack }: Pick<FaultContext, 'stack'>): Promise<Set<string>> {
  return new Set((await readRows(stack.admin.database)).map(({ kind, id }) => eventKey(kind, id)));
}

/** Sends events that were acknowledged and are gone once more, as their clients do. */
async function sendAgain(
  { stack, journal, random }: FaultContext,
  events: readonly (readonly [string, { readonly adId: string; readonly occurredAt?: number | undefined }])[],
): Promise<void> {
  journal.delete(events.map(([key]) => key));
  const rest = events.values();
  const client = async () => {
    for (const [key, { adId, occurredAt }] of rest) {
      const [kind, id] = key.split(' ') as [EventKind, string];
      const report: Report = { kind, adId, id, ...(occurredAt === undefined ? {} : { claimedAt: occurredAt }) };
      await waitFor(async () => (await send(stack.url, journal, report, random)).state === 'acknowledged', {
        timeoutMs: RECORDED_MS,
        intervalMs: 100,
        what: `${key} to be accepted again`,
      });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}
