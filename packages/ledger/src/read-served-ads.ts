import type { Ad } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { onlyRow } from './only-row.js';

const READ_ADS = readText('sql/read-ads.sql');
const READ_NEWEST_AD_IDS = readText('sql/read-newest-ad-ids.sql');
const READ_CHANGED_AD_VERSIONS = readText('sql/read-changed-ad-versions.sql');
const READ_OUTDATED_ADS = readText('sql/read-outdated-ads.sql');

/** The given ads that exist, by id. */
export async function readAds(database: Database, ids: readonly string[]): Promise<Map<string, Ad>> {
  const rows = await database.query<{ id: string; ad: Ad }>('read_ads', READ_ADS, [ids]);
  return new Map(rows.map(({ id, ad }) => [id, ad]));
}

/** Ids of ads, and the time of the read in milliseconds, by the clock of Postgres. */
interface AdIdsRead {
  readonly ids: string[];
  readonly read_at: number;
}

/** Up to `limit` ids, newest ads first. */
export async function readNewestAdIds(database: Database, limit: number): Promise<AdIdsRead> {
  return onlyRow(await database.query<AdIdsRead>('read_newest_ad_ids', READ_NEWEST_AD_IDS, [limit]));
}

/**
 * Up to `limit` ads that were added or changed at `since` or later (milliseconds, clock of Postgres), with the `updated_at` of
 * each.
 */
export async function readChangedAdVersions(
  database: Database,
  since: number,
  limit: number,
): Promise<AdIdsRead & { readonly versions: string[] }> {
  return onlyRow(
    await database.query<AdIdsRead & { readonly versions: string[] }>(
      'read_changed_ad_versions',
      READ_CHANGED_AD_VERSIONS,
      [since, limit],
    ),
  );
}

/** The given ads that differ from the stored ones: the stored ad, or null for a deleted one. */
export async function readOutdatedAds(
  database: Database,
  ads: readonly Ad[],
): Promise<{ readonly id: string; readonly ad: Ad | null }[]> {
  const values = [ads.map(({ id }) => id), ads.map(({ updated_at }) => updated_at)];
  return await database.query('read_outdated_ads', READ_OUTDATED_ADS, values);
}
