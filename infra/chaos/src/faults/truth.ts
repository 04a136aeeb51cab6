import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AdAnswer } from '@ads/harness';
import { EVENT_TABLES, eventKey, readLedger, readRows } from '@ads/harness';
import { copyFolder, waitFor } from '@ads/local';
import { minuteOf, minutesKey, TOTAL_COLUMNS, totalsKey } from '@ads/models';
import { AD_IDS, type ChaosStack } from '../stack/chaos-stack.js';
import type { Fault, FaultContext } from './fault.js';

const TIMEOUT_MS = 60_000;
/** The timeout for an audit to find a wrong counter: it reports only counters that are wrong for 15 s. */
const AUDIT_MS = 90_000;

/**
 * Under load, an old state of the ledger is restored, or counters in Redis are changed directly. Events that the restore
 * deleted do not count as lost, and analytics must not count them.
 */
export const truths: readonly Fault[] = [
  {
    name: 'truth-truncated',
    signals: ['counters'],
    run: (context) =>
      backInTime(context, async ({ stack, journal }) => {
        const client = await stack.admin.database.connect();
        try {
          await client.query('BEGIN');
          // Waits for running batches to commit, and blocks later ones.
          await client.query('LOCK TABLE click_gate, ad_events IN ACCESS EXCLUSIVE MODE');
          const { rows } = await client.query('SELECT kind, id FROM ad_events');
          await client.query(`TRUNCATE ${EVENT_TABLES}`);
          await client.query('COMMIT');
          journal.delete(rows.map(({ kind, id }) => eventKey(kind, id)));
        } finally {
          client.release(true);
        }
      }),
  },
  {
    name: 'truth-restored',
    signals: ['postgres', 'counters'],
    async run(context) {
      const { stack, last } = context;
      const data = dataFolder(stack);
      await stack.postgres.refuse();
      await stack.postgres.server.stop();
      await copyFolder(data, `${data}.snapshot`);
      await stack.postgres.start();
      await last(5);
      await backInTime(context, () => replaceData(context, () => copyFolder(`${data}.snapshot`, data)));
    },
  },
  {
    name: 'truth-replaced',
    signals: ['postgres', 'counters'],
    run: (context) =>
      backInTime(context, () =>
        replaceData(context, async () => rmSync(dataFolder(context.stack), { recursive: true, force: true })),
      ),
  },
  {
    name: 'counters-ahead',
    signals: ['counters', 'wrong counter'],
    run: (context) =>
      untilAudited(context, async ({ stack, random }, ledger) => {
        await stack.admin.redis.hincrby(totalsKey(ledger, random.pick(AD_IDS)), 'clicks', 1_000_000);
      }),
  },
  {
    name: 'counters-behind',
    signals: ['counters', 'wrong counter'],
    run: (context) =>
      untilAudited(context, async ({ stack }, ledger) => {
        const minute = minuteOf(Date.now());
        // Deletes fields of all ads, because a single ad may have no clicks in this hour.
        for (const adId of AD_IDS) {
          for (const column of TOTAL_COLUMNS) {
            await stack.admin.redis.hdel(minutesKey(ledger, adId, column, minute), String(Math.floor(minute / 60)));
          }
        }
      }),
  },
];

function dataFolder(stack: ChaosStack): string {
  return join(stack.folder, 'postgres', 'data');
}

/** Suspends the checks of answers until analytics shows the state of the ledger after `change`. */
export async function backInTime(
  context: FaultContext,
  change: (context: FaultContext) => Promise<void>,
): Promise<void> {
  const { stack, answered } = context;
  answered.suspend();
  await change(context);
  await waitFor(() => answersTruth(stack), {
    timeoutMs: TIMEOUT_MS,
    intervalMs: 50,
    what: 'analytics to show the new state of the ledger',
  });
  answered.resume();
}

/** Stops Postgres, replaces its data, starts it again, and adds the deleted rows to the journal. */
async function replaceData({ stack, journal }: FaultContext, replace: () => Promise<void>): Promise<void> {
  const { database } = stack.admin;
  await stack.postgres.refuse();
  await waitFor(
    async () => {
      const { rows } = await database.query(
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
           AND state <> 'idle'`,
      );
      return rows.length === 0;
    },
    { timeoutMs: TIMEOUT_MS, intervalMs: 20, what: 'running statements to end' },
  );
  const keys = async () => new Set((await readRows(database)).map(({ kind, id }) => eventKey(kind, id)));
  const before = await keys();
  await stack.postgres.server.stop();
  await replace();
  await stack.postgres.server.start();
  const { rows } = await database.query("SELECT to_regclass('ads') IS NULL AS empty");
  if (rows[0]?.empty) await stack.prepare();
  const after = await keys();
  journal.delete([...before].filter((key) => !after.has(key)));
  await stack.postgres.heal();
}

/** True if no answer counts more events than the ledger. */
async function answersTruth(stack: ChaosStack): Promise<boolean> {
  for (const adId of AD_IDS) {
    const response = await fetch(`${stack.url}/api/v1/ads/analytics?ad_id=${adId}`);
    if (response.status !== 200) return false;
    const { total_clicks, impressions } = (await response.json()) as AdAnswer;
    const { rows } = await stack.admin.database.query('SELECT clicks, impressions FROM ad_totals WHERE ad_id = $1', [
      adId,
    ]);
    if (total_clicks > Number(rows[0]?.clicks ?? 0) || impressions > Number(rows[0]?.impressions ?? 0)) return false;
  }
  return true;
}

/** Changes counters in Redis directly, and suspends the checks of answers until an audit has found the change. */
async function untilAudited(
  context: FaultContext,
  change: (context: FaultContext, ledger: string) => Promise<void>,
): Promise<void> {
  const { stack } = context;
  const { database } = stack.admin;
  await waitFor(async () => (await stack.admin.redis.keys(`ad:${await readLedger(database)}:*`)).length > 0, {
    timeoutMs: TIMEOUT_MS,
    what: 'counters to exist in Redis',
  });
  const ledger = await readLedger(database);
  await backInTime(context, async () => {
    await change(context, ledger);
    await waitFor(async () => (await readLedger(database)) !== ledger, {
      timeoutMs: AUDIT_MS,
      what: 'an audit to find the wrong counter',
    });
  });
}
