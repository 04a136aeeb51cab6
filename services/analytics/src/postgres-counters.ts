import { readFileSync } from 'node:fs';
import type { Database } from '@ads/ledger';
import { minuteOf, secondOf, type WindowClicks } from '@ads/models';
import type { Counters } from './counters.js';

const READ_COUNTERS = readFileSync(new URL('../sql/read-counters.sql', import.meta.url), 'utf8');

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
  const rows = await database.query<{ ad_id: string; clicks: number; impressions: number } & WindowClicks>(
    'read_counters',
    READ_COUNTERS,
    [adIds, secondOf(now), minuteOf(now)],
  );
  return rows.map(({ ad_id: adId, clicks, impressions, ...windows }) => ({ adId, clicks, impressions, windows }));
}
