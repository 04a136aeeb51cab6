import { minuteOf } from '@ads/models';
import type { BoundsStack } from './stack.js';

const MINUTES = 1_440;
/** Of these second buckets are there as well. */
const RECENT_MINUTES = 62;
/** At seconds 7, 27 and 47 of each. */
const CLICKS_PER_MINUTE = 3;
const ADS_AT_ONCE = 250;

/** What each ad has after {@link fillRollups}. */
export const CLICKS_PER_AD = CLICKS_PER_MINUTE * MINUTES;

/**
 * Each ad was clicked in every minute of the last 24 hours: 1,440 minute buckets, second buckets of the last hour, a total.
 * Rollups alone, as the rows of the events are never read by a rebuild.
 *
 * @returns how many buckets there are
 */
export async function fillRollups(stack: BoundsStack): Promise<number> {
  const { database } = stack.eyes;
  // The last whole minute.
  const last = minuteOf(Date.now()) - 1;
  for (let first = 0; first < stack.adIds.length; first += ADS_AT_ONCE) {
    const ads = stack.adIds.slice(first, first + ADS_AT_ONCE);
    await database.query(
      `INSERT INTO clicks_per_minute (ad_id, minute, clicks)
       SELECT ad, minute, $4::bigint FROM unnest($1::text[]) AS ad, generate_series($2::bigint, $3::bigint) AS minute`,
      [ads, last - MINUTES + 1, last, CLICKS_PER_MINUTE],
    );
    await database.query(
      `INSERT INTO clicks_per_second (ad_id, second, clicks)
       SELECT ad, 60 * minute + second, 1
       FROM unnest($1::text[]) AS ad, generate_series($2::bigint, $3::bigint) AS minute, unnest('{7,27,47}'::int[]) AS second`,
      [ads, last - RECENT_MINUTES + 1, last],
    );
    await database.query(
      'INSERT INTO ad_totals (ad_id, clicks, impressions) SELECT ad, $2::bigint, 10 * $2::bigint FROM unnest($1::text[]) AS ad',
      [ads, CLICKS_PER_AD],
    );
  }
  // As tables are that grew over a day.
  for (const table of ['clicks_per_minute', 'clicks_per_second', 'ad_totals']) {
    await database.query(`VACUUM ANALYZE ${table}`);
  }
  return stack.adIds.length * (MINUTES + CLICKS_PER_MINUTE * RECENT_MINUTES + 1);
}
