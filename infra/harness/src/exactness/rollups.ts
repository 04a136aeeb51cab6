import { readFileSync } from 'node:fs';
import { fillInKinds, oldestVisible } from '@ads/models';
import type pg from 'pg';

const WRONG_ROLLUPS = fillInKinds(readFileSync(new URL('../../sql/wrong-rollups.sql', import.meta.url), 'utf8'));

/**
 * The tables with events, their rollups and the gate, for TRUNCATE. Recorders lock click_gate first, then ad_events; the builder of
 * days late_quarter_hours.
 */
export const EVENT_TABLES =
  'click_gate, ad_events, late_quarter_hours, ad_totals, clicks_per_play_second, counts_per_day, counts_per_label, counts_per_minute, counts_per_quarter_hour, counts_per_second, day_offsets';

/**
 * Compares the rollups with the stored events, bucket by bucket.
 *
 * @param now milliseconds; buckets that are too old for all windows are ignored
 * @returns one line for each wrong bucket or total
 */
export async function compareRollups(database: pg.Pool, now: number): Promise<string[]> {
  const oldest = oldestVisible(now);
  const { rows } = await database.query<{ key: string; counted: string | null; rolled_up: string | null }>(
    WRONG_ROLLUPS,
    [oldest.second, oldest.minute],
  );
  return rows.map(
    ({ key, counted, rolled_up: rolledUp }) => `${key} should be ${counted ?? 'none'} but is ${rolledUp ?? 'none'}`,
  );
}
