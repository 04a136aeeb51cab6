import { randomUUID } from 'node:crypto';
import { fillInKinds, type LedgerIdentity, SECONDS_KEPT } from '@ads/models';
import type { AdCounts, Buckets } from './counts.js';
import type { CounterStore, Database } from './dependencies.js';
import { settleDoubt } from './doubts.js';
import { readText } from './files.js';
import { raiseCounters } from './raise.js';

const BACKFILL_REPORTS = fillInKinds(readText('sql/backfill-reports.sql'));

/** Number of events of one step, which takes Postgres a few hundred milliseconds. */
const EVENTS_PER_STEP = 20_000;

export interface BackfillOptions {
  readonly database: Database;
  readonly store: CounterStore;
  /** Milliseconds since the epoch; never later than the start of any reader's windows. */
  readonly now: () => number;
  /** Minutes for which counts per minute are kept. */
  readonly minutesKept: number;
  readonly eventsPerStep?: number;
}

/** The result of one step of the backfill. */
export interface BackfillStep {
  /** Events counted by this step. */
  readonly events: number;
  /** True while events are left. */
  readonly more: boolean;
}

interface StepRow extends BackfillStep {
  readonly ledger: LedgerIdentity | null;
  readonly counts: readonly {
    readonly ad_id: string;
    readonly clicks: number;
    readonly impressions: number;
    /** Impressions. */
    readonly seconds: Buckets;
    readonly minutes: Buckets;
  }[];
}

/**
 * Counts some of the events from before migration 7, newest ids first: per quarter-hour, and impressions per second and minute,
 * in one transaction. Then raises the impressions in Redis. It can be interrupted at any moment, and several processes may call it.
 *
 * @returns undefined when every event is counted, or while another process counts
 * @throws the errors of `query`. The step may have been committed; calling again is safe
 */
export async function backfillReports(options: BackfillOptions): Promise<BackfillStep | undefined> {
  const { database, store, now, minutesKept, eventsPerStep = EVENTS_PER_STEP } = options;
  const doubt = randomUUID();
  const values = [eventsPerStep, SECONDS_KEPT, minutesKept, doubt];
  const [step] = await database.query<StepRow>('backfill_reports', BACKFILL_REPORTS, values);
  if (step === undefined) return undefined;
  const { events, more, ledger, counts } = step;
  if (ledger !== null && counts.length > 0) {
    // If this fails, the doubt stays, and a rebuild raises the counters.
    await raiseCounters(store, ledger, counts.map(toAdCounts), now())
      .then(() => settleDoubt(database, doubt))
      .catch(() => undefined);
  }
  return { events, more };
}

function toAdCounts({ ad_id: adId, clicks, impressions, seconds, minutes }: StepRow['counts'][number]): AdCounts {
  return {
    adId,
    clicks,
    impressions,
    seconds: { clicks: [], impressions: seconds },
    minutes: { clicks: [], impressions: minutes },
  };
}
