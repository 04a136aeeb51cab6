import { isDeepStrictEqual } from 'node:util';
import type { Ad, AdFields } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const READ_AD = readText('sql/read-ad.sql');
const CREATE_ADS = readText('sql/create-ads.sql');
const UPDATE_AD = readText('sql/update-ad.sql');
const READ_AD_CREATION = readText('sql/read-ad-creation.sql');
const READ_AD_CHANGES = readText('sql/read-ad-changes.sql');

/** Attempts to change an ad that others change at the same time. */
const ATTEMPTS = 10;

export type NewAd = AdFields & { readonly id: string };

/** An ad; undefined if it does not exist. */
export async function readAd(database: Database, id: string): Promise<Ad | undefined> {
  const [row] = await database.query<{ ad: Ad }>('read_ad', READ_AD, [id]);
  return row?.ad;
}

/** Makes a repeated request answer like the first one. */
export interface Idempotency {
  readonly key: string;
  /** Equal for equal requests. */
  readonly requestHash: string;
}

/**
 * Creates all ads or none, and notes the creation.
 *
 * @param createdBy the name of the API key
 * @returns the ads; undefined if one of them, or the idempotency key, exists already
 */
export async function createAds(
  database: Database,
  ads: readonly NewAd[],
  createdBy: string,
  idempotency?: Idempotency,
): Promise<Ad[] | undefined> {
  const values = [JSON.stringify(ads), createdBy, idempotency?.key ?? null, idempotency?.requestHash ?? null];
  try {
    return (await database.query<{ ad: Ad }>('create_ads', CREATE_ADS, values)).map(({ ad }) => ad);
  } catch (error) {
    if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return undefined;
    throw error;
  }
}

const UNIQUE_VIOLATION = '23505';

/** The ad that a request with this key created, as it was then; undefined for a new key. */
export async function readAdCreation(
  database: Database,
  key: string,
): Promise<{ readonly ad: Ad; readonly request_hash: string } | undefined> {
  const [row] = await database.query<{ ad: Ad; request_hash: string }>('read_ad_creation', READ_AD_CREATION, [key]);
  return row;
}

/** A change of an ad. */
export interface AdEdit {
  readonly action: 'changed' | 'archived';
  /** The name of the API key. */
  readonly by: string;
  /** Returns the fields after the change. It is called again if the ad changes in the meantime; what it throws is passed on. */
  readonly apply: (ad: Ad) => AdFields;
}

/**
 * Changes an ad and notes the old and new values. An edit that changes nothing is not noted.
 *
 * @returns the ad after the change; 'missing' if it does not exist; 'busy' if others changed it at each attempt
 */
export async function editAd(database: Database, id: string, edit: AdEdit): Promise<Ad | 'missing' | 'busy'> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const ad = await readAd(database, id);
    if (ad === undefined) return 'missing';
    const fields = edit.apply(ad);
    const names = (Object.keys(fields) as (keyof AdFields)[]).filter(
      (name) => !isDeepStrictEqual(fields[name], ad[name]),
    );
    if (names.length === 0) return ad;
    const valuesOf = (from: AdFields) => JSON.stringify(Object.fromEntries(names.map((name) => [name, from[name]])));
    const [row] = await database.query<{ ad: Ad }>('update_ad', UPDATE_AD, [
      id,
      ad.updated_at,
      valuesOf(fields),
      edit.by,
      edit.action,
      valuesOf(ad),
    ]);
    if (row !== undefined) return row.ad;
  }
  return 'busy';
}

/** A change of an ad that was noted. */
export interface AdChange {
  readonly id: number;
  readonly changed_at: string;
  readonly changed_by: string;
  readonly action: 'created' | AdEdit['action'];
  /** The values of the changed fields; null for a new ad. */
  readonly old: Partial<AdFields> | null;
  readonly new: Partial<AdFields>;
}

/** The changes of an ad, newest first. @param before the id of the last change of the previous page */
export async function readAdChanges(
  database: Database,
  adId: string,
  limit: number,
  before?: number,
): Promise<AdChange[]> {
  return await database.query<AdChange>('read_ad_changes', READ_AD_CHANGES, [adId, before ?? null, limit]);
}
