import { oldestVisible } from '@ads/models';
import type pg from 'pg';
import type { Buckets, Sums } from './recorded-rows.js';

/**
 * Bucket by bucket: the rollups against what the rows add up to.
 *
 * @param now milliseconds; buckets that no window sees any more may be gone, or were never written
 * @returns one line for each bucket that is wrong
 */
export async function compareRollups(database: pg.Pool, sums: Sums, now: number): Promise<string[]> {
  const oldest = oldestVisible(now);
  const [totals, seconds, minutes] = await Promise.all([
    read(database, 'SELECT ad_id, clicks, impressions FROM ad_totals'),
    read(database, `SELECT ad_id, second, clicks FROM clicks_per_second WHERE second >= ${oldest.second}`),
    read(database, `SELECT ad_id, minute, clicks FROM clicks_per_minute WHERE minute >= ${oldest.minute}`),
  ]);
  const rolledTotals = new Map(totals.map(([adId, ...counts]) => [adId, counts.join(' and ')]));
  const wantedTotals = new Map(
    [...sums.totals].map(([ad, { clicks, impressions }]) => [ad, `${clicks} and ${impressions}`]),
  );
  const since = (buckets: Buckets, first: number) =>
    new Map([...buckets].filter(([key]) => Number(key.split(' ')[1]) >= first));
  return [
    ...differences('total', wantedTotals, rolledTotals, '0 and 0'),
    ...differences('second', since(sums.seconds, oldest.second), toBuckets(seconds), 0),
    ...differences('minute', since(sums.minutes, oldest.minute), toBuckets(minutes), 0),
  ];
}

/** One line for each key that the two do not agree on; `none` is what a missing one is worth. */
export function differences<T>(
  what: string,
  wanted: ReadonlyMap<string, T>,
  found: ReadonlyMap<string, T>,
  none: T,
): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((key) => {
    const [should, is] = [wanted.get(key) ?? none, found.get(key) ?? none];
    return should === is ? [] : [`${what} ${key} should be ${should} and is ${is}`];
  });
}

async function read(database: pg.Pool, text: string): Promise<[string, string, string][]> {
  return (await database.query<[string, string, string]>({ text, rowMode: 'array' })).rows;
}

function toBuckets(rows: readonly (readonly [string, string, string])[]): Buckets {
  return new Map(rows.map(([adId, bucket, clicks]) => [`${adId} ${bucket}`, Number(clicks)]));
}
