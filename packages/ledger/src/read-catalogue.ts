import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { onlyRow } from './only-row.js';

const READ_AD_IDS = readText('sql/read-ad-ids.sql');
const READ_CHANGED_AD_IDS = readText('sql/read-changed-ad-ids.sql');
const LOOK_UP_ADS = readText('sql/look-up-ads.sql');

/** Some ids of the catalogue. */
export interface AdIds {
  /** One per line. */
  readonly ids: string;
  readonly count: number;
  /** Time of the read in milliseconds, by the clock of Postgres. */
  readonly read_at: number;
}

/** The next `limit` ids after `after`, sorted; fewer at the end. */
export async function readAdIds(database: Database, after: string, limit: number): Promise<AdIds> {
  return onlyRow(await database.query<AdIds>('read_ad_ids', READ_AD_IDS, [after, limit]));
}

/** Up to `limit` ids of ads that were added or changed at `since` or later (milliseconds, clock of Postgres). */
export async function readChangedAdIds(database: Database, since: number, limit: number): Promise<AdIds> {
  return onlyRow(await database.query<AdIds>('read_changed_ad_ids', READ_CHANGED_AD_IDS, [since, limit]));
}

/** The given ids that are in the catalogue. */
export async function lookUpAds(database: Database, ids: readonly string[]): Promise<string[]> {
  return (await database.query<{ id: string }>('look_up_ads', LOOK_UP_ADS, [ids])).map(({ id }) => id);
}
