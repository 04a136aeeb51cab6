import { randomBytes } from 'node:crypto';
import { SHARE_PREFIX, type Share, type ShareFields, uuidv7 } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { hashOfKey } from './manage-keys.js';

const CREATE_SHARE = readText('sql/create-share.sql');
const DELETE_SHARE = readText('sql/delete-share.sql');
const LIST_SHARES = readText('sql/list-shares.sql');

/** The most shares that work at a time, a limit of the database. A service has them in memory with the keys. */
export const MOST_SHARES = 5_000;

/**
 * The most shares of one advertiser, made by keys, that work at a time, and that are created in 24 hours. Keys create at most
 * {@link MOST_SHARES} in all in 24 hours. These are limits of the database too. `ADMIN_API_KEY` is exempt from them.
 */
export const MOST_SHARES_OF_ADVERTISER = 500;

/** The result of a creation. */
export type ShareCreation =
  /** The secret is stored nowhere. */
  | { readonly state: 'created'; readonly share: Share; readonly secret: string }
  /** The ad does not exist, or no ad has the campaign. */
  | { readonly state: 'unknown' }
  /** This many shares work already. */
  | { readonly state: 'too_many'; readonly most: number; readonly of: 'all' | 'advertiser' }
  /** Too many shares were created in 24 hours. The next one can be created after `seconds`. */
  | { readonly state: 'too_often'; readonly seconds: number };

/** The key that creates a share. */
export interface ShareMaker {
  /** As `created_by` has it. */
  readonly name: string;
  /** The id of the key, with which the share ends; undefined for `ADMIN_API_KEY`. */
  readonly keyId: string | undefined;
}

/** Creates a share, and notes its creation. It expires no later than the key that creates it. */
export async function createShare(
  database: Database,
  { name, ad_id, campaign, advertiser, expires_at }: ShareFields,
  by: ShareMaker,
): Promise<ShareCreation> {
  const secret = `${SHARE_PREFIX}${randomBytes(32).toString('hex')}`;
  const hash = Buffer.from(hashOfKey(secret), 'hex');
  const values = [uuidv7(Date.now()), hash, name, ad_id, campaign, advertiser, expires_at, by.name, by.keyId ?? null];
  try {
    const [row] = await database.query<{ share: Share }>('create_share', CREATE_SHARE, values);
    return row === undefined ? { state: 'unknown' } : { state: 'created', share: row.share, secret };
  } catch (error) {
    const { constraint, detail } = error as { readonly constraint?: unknown; readonly detail?: unknown };
    switch (constraint) {
      case 'shares_limit':
        return { state: 'too_many', most: MOST_SHARES, of: 'all' };
      case 'shares_of_advertiser_limit':
        return { state: 'too_many', most: MOST_SHARES_OF_ADVERTISER, of: 'advertiser' };
      case 'new_shares_limit':
        return { state: 'too_often', seconds: Math.max(1, Number(detail)) };
      default:
        throw error;
    }
  }
}

/** The shares of a page. */
export interface SharesFilter {
  readonly limit: number;
  /** The id of the last share of the previous page. */
  readonly after: string | undefined;
  readonly advertiser: string | undefined;
  readonly adId: string | undefined;
  readonly campaign: string | undefined;
}

/** The shares that work, oldest first. */
export async function listShares(
  database: Database,
  { limit, after, advertiser, adId, campaign }: SharesFilter,
): Promise<Share[]> {
  const values = [after ?? null, limit, advertiser ?? null, adId ?? null, campaign ?? null];
  const rows = await database.query<{ share: Share }>('list_shares', LIST_SHARES, values);
  return rows.map(({ share }) => share);
}

/**
 * Deletes a share, and notes the deletion. Does nothing to a deleted share.
 *
 * @param advertiser the only one whose share may be deleted; undefined for any share
 * @returns the share; undefined if it never existed
 */
export async function deleteShare(
  database: Database,
  id: string,
  by: string,
  advertiser: string | undefined,
): Promise<Share | undefined> {
  const [row] = await database.query<{ share: Share }>('delete_share', DELETE_SHARE, [id, by, advertiser ?? null]);
  return row?.share;
}
