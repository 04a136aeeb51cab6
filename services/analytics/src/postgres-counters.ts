import { readFileSync } from 'node:fs';
import type { Database } from '@ads/ledger';
import { minuteOf, secondOf } from '@ads/models';
import { type Counters, type CountsByWindow, toWindows } from './counters.js';

const READ_COUNTERS = readFileSync(new URL('../sql/read-counters.sql', import.meta.url), 'utf8');

interface CountersRow {
  readonly ad_id: string;
  readonly clicks: number;
  readonly impressions: number;
  readonly click_windows: CountsByWindow;
  readonly impression_windows: CountsByWindow;
}

/**
 * Returns counters from the rollups in Postgres, which are always exact.
 *
 * @param now milliseconds
 * @throws DependencyUnavailable if Postgres is unavailable
 */
export async function readPostgresCounters(
  database: Database,
  adIds: readonly string[],
  now: number,
): Promise<Counters[]> {
  const values = [adIds, secondOf(now), minuteOf(now)];
  const rows = await database.query<CountersRow>('read_counters', READ_COUNTERS, values);
  return rows.map(({ ad_id: adId, clicks, impressions, click_windows, impression_windows }) => ({
    adId,
    clicks,
    impressions,
    windows: { clicks: toWindows(click_windows), impressions: toWindows(impression_windows) },
  }));
}
