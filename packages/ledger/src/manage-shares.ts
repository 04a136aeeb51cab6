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

/** A new share, and its secret, which is stored nowhere. */
export interface CreatedShare {
  readonly share: Share;
  readonly secret: string;
}

/**
 * Creates a share, and notes its creation.
 *
 * @param by the name of the key of the request
 * @returns 'too many' if {@link MOST_SHARES} work already; 'unknown' if the ad does not exist, or no ad has the campaign
 */
export async function createShare(
  database: Database,
  { name, ad_id, campaign, advertiser, expires_at }: ShareFields,
  by: string,
): Promise<CreatedShare | 'too many' | 'unknown'> {
  const secret = `${SHARE_PREFIX}${randomBytes(32).toString('hex')}`;
  const hash = Buffer.from(hashOfKey(secret), 'hex');
  const values = [uuidv7(Date.now()), hash, name, ad_id, campaign, advertiser, expires_at, by];
  try {
    const [row] = await database.query<{ share: Share }>('create_share', CREATE_SHARE, values);
    return row === undefined ? 'unknown' : { share: row.share, secret };
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint === 'shares_limit') return 'too many';
    throw error;
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
