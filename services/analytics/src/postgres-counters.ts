import { readFileSync } from 'node:fs';
import type { Database } from '@ads/ledger';
import { minuteOf, secondOf } from '@ads/models';
import { type Counters, type CountsByWindow, toWindows } from './counters.js';

const READ_COUNTERS = readFileSync(new URL('../sql/read-counters.sql', import.meta.url), 'utf8');

interface CountersRow {
  readonly ad_id: string;
  readonly clicks: number;
  readonly impressions: number;
  readonly last_clicks: number;
  readonly last_impressions: number;
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
  const values = [JSON.stringify(adIds), secondOf(now), minuteOf(now)];
  const rows = await database.query<CountersRow>('read_counters', READ_COUNTERS, values);
  return rows.map((row) => ({
    adId: row.ad_id,
    clicks: row.clicks,
    impressions: row.impressions,
    lastSecond: { clicks: row.last_clicks, impressions: row.last_impressions },
    windows: { clicks: toWindows(row.click_windows), impressions: toWindows(row.impression_windows) },
  }));
}
