import { minuteOf } from '@ads/models';
import type pg from 'pg';

const MINUTES = 1_440;
/** The number of recent minutes that also have second buckets. */
const RECENT_MINUTES = 62;
const ADS_AT_ONCE = 250;
const IMPRESSIONS_PER_CLICK = 10;

/**
 * Fills the rollups of ads with the same number of clicks each, evenly over the last 24 hours: minutes, quarter-hours, seconds of
 * the last hour, totals. Each bucket also has ten impressions per click. No events are stored, as neither a rebuild nor an answer
 * reads them. The tables must be empty.
 *
 * @returns the number of buckets
 */
export async function fillRollups(database: pg.Pool, adIds: readonly string[], clicksPerAd: number): Promise<number> {
  const minutes = Math.min(MINUTES, clicksPerAd);
  // The last complete minute.
  const last = minuteOf(Date.now()) - 1;
  let buckets = 0;
  const insert = async (text: string, values: readonly unknown[]) => {
    buckets += (await database.query(text, [...values])).rowCount ?? 0;
  };
  for (let first = 0; first < adIds.length; first += ADS_AT_ONCE) {
    const ads = adIds.slice(first, first + ADS_AT_ONCE);
    await insert(
      `INSERT INTO counts_per_minute (ad_id, minute, clicks, impressions)
       SELECT ad, $2::bigint - bucket * ${MINUTES} / $3::bigint, clicks, ${IMPRESSIONS_PER_CLICK} * clicks
       FROM unnest($1::text[]) AS ad, generate_series(0, $3::bigint - 1) AS bucket,
         LATERAL (SELECT $4::bigint / $3 + (bucket < $4 % $3)::integer AS clicks) AS counts`,
      [ads, last, minutes, clicksPerAd],
    );
    await insert(
      `INSERT INTO counts_per_second (ad_id, second, clicks, impressions)
       SELECT ad_id, 60 * minute + bucket * 60 / buckets, counts.clicks, ${IMPRESSIONS_PER_CLICK} * counts.clicks
       FROM counts_per_minute AS minutes, least(minutes.clicks, 60) AS buckets, generate_series(0, buckets - 1) AS bucket,
         LATERAL (SELECT minutes.clicks / buckets + (bucket < minutes.clicks % buckets)::integer AS clicks) AS counts
       WHERE ad_id = ANY($1::text[]) AND minute > $2::bigint - ${RECENT_MINUTES}`,
      [ads, last],
    );
    await insert(
      `INSERT INTO counts_per_quarter_hour (ad_id, quarter_hour, clicks, impressions, play_times, play_time_ms)
       SELECT ad_id, minute / 15, sum(clicks), sum(impressions), 0, 0 FROM counts_per_minute WHERE ad_id = ANY($1::text[]) GROUP BY 1, 2`,
      [ads],
    );
    await insert(
      `INSERT INTO ad_totals (ad_id, clicks, impressions)
       SELECT ad, $2::bigint, ${IMPRESSIONS_PER_CLICK} * $2::bigint FROM unnest($1::text[]) AS ad`,
      [ads, clicksPerAd],
    );
  }
  // Updates the planner statistics, as autovacuum does in tables that grow over a day.
  for (const table of ['counts_per_minute', 'counts_per_second', 'counts_per_quarter_hour', 'ad_totals']) {
    await database.query(`VACUUM ANALYZE ${table}`);
  }
  return buckets;
}
