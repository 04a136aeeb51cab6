import { buildDays, type Database, wantDays } from '@ads/ledger';
import type pg from 'pg';

const QUARTER_HOUR_MS = 900_000;

/**
 * Builds the days after a time, of time zones whose days begin at these times by UTC, such as `18:15`. Reports read earlier days by
 * quarter-hours.
 *
 * @param since milliseconds
 * @param now milliseconds
 */
export async function buildRecentDays(
  { pool, database }: { readonly pool: pg.Pool; readonly database: Database },
  { starts, since, now }: { readonly starts: readonly string[]; readonly since: number; readonly now: number },
): Promise<void> {
  const remainders = starts.map((start) => Date.parse(`1970-01-01T${start}Z`) / QUARTER_HOUR_MS);
  await wantDays(database, remainders);
  const client = await pool.connect();
  const areLeft = async () =>
    (
      await client.query('SELECT FROM day_offsets WHERE coalesce(built_from > $1, true)', [
        Math.floor(since / QUARTER_HOUR_MS),
      ])
    ).rowCount !== 0;
  do await buildDays(client, now);
  while (await areLeft());
  client.release();
}
