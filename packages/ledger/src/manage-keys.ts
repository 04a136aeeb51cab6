import { createHash, randomBytes } from 'node:crypto';
import { type ApiKey, KEY_PREFIX, type KeyFields, uuidv7 } from '@ads/models';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import { onlyRow } from './only-row.js';

const CREATE_API_KEY = readText('sql/create-api-key.sql');
const DELETE_API_KEY = readText('sql/delete-api-key.sql');
const LIST_API_KEYS = readText('sql/list-api-keys.sql');

/** The most keys that work at a time, a limit of the database. A service has them in memory: 3 MB. */
export const MOST_KEYS = 10_000;

/** The SHA-256 of a key, in hexadecimal. */
export function hashOfKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** A new key, and its secret, which is stored nowhere. */
export interface CreatedKey {
  readonly key: ApiKey;
  readonly secret: string;
}

/**
 * Creates a key, and notes its creation.
 *
 * @param by the name of the key of the request
 * @returns 'too many' if {@link MOST_KEYS} work already
 */
export async function createKey(database: Database, fields: KeyFields, by: string): Promise<CreatedKey | 'too many'> {
  const secret = `${KEY_PREFIX}${randomBytes(32).toString('hex')}`;
  const hash = Buffer.from(hashOfKey(secret), 'hex');
  const { name, scopes, advertiser, expires_at } = fields;
  const values = [uuidv7(Date.now()), hash, name, scopes, advertiser, expires_at, by];
  try {
    const { key } = onlyRow(await database.query<{ key: ApiKey }>('create_api_key', CREATE_API_KEY, values));
    return { key, secret };
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint === 'api_keys_limit') return 'too many';
    throw error;
  }
}

/** The keys that are not deleted, oldest first. @param after the id of the last key of the previous page */
export async function listKeys(database: Database, limit: number, after?: string): Promise<ApiKey[]> {
  const rows = await database.query<{ key: ApiKey }>('list_api_keys', LIST_API_KEYS, [after ?? null, limit]);
  return rows.map(({ key }) => key);
}

/** Deletes a key, and notes the deletion. Does nothing to a deleted key. @returns the key; undefined if it never existed */
export async function deleteKey(database: Database, id: string, by: string): Promise<ApiKey | undefined> {
  const [row] = await database.query<{ key: ApiKey }>('delete_api_key', DELETE_API_KEY, [id, by]);
  return row?.key;
}
