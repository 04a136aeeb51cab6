import { MINUTES_KEPT, SECONDS_KEPT } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { fillInKinds } from './kinds-in-sql.js';

const BACKFILL_REPORTS = fillInKinds(readText('sql/backfill-reports.sql'));

/** Events of one step: Postgres works a few hundred milliseconds on them. */
const EVENTS_PER_STEP = 20_000;

/** The result of one step of the backfill. */
export interface BackfillStep {
  /** Events counted by this step. */
  readonly events: number;
  /** True while events are left. */
  readonly more: boolean;
}

/**
 * Counts some of the events from before migration 7 for reports, in one transaction, newest ids first. It can be interrupted at
 * any moment, and several processes may call it.
 *
 * @returns undefined when every event is counted, or while another process counts
 * @throws what `query` throws. Then the step was not made, or it was and the answer was lost; either way, call again
 */
export async function backfillReports(
  database: Database,
  eventsPerStep: number = EVENTS_PER_STEP,
): Promise<BackfillStep | undefined> {
  const [step] = await database.query<BackfillStep>('backfill_reports', BACKFILL_REPORTS, [
    eventsPerStep,
    SECONDS_KEPT,
    MINUTES_KEPT,
  ]);
  return step;
}
