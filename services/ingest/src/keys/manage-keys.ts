import { ENDPOINTS, invalidFields, queryOf, readKeysQuery, readNewKey, tooManyKeys, unknownKey } from '@ads/contract';
import { type BodyReader, callerOf, readBody, toExpress } from '@ads/http';
import { createKey, type Database, deleteKey, type KeyRing, listKeys, MOST_KEYS } from '@ads/ledger';
import { isUuid } from '@ads/models';
import type { Request, Router } from 'express';
import { keyTurns } from './key-turns.js';

export interface ManageKeysOptions {
  readonly database: Database;
  /** Reads the keys again: this replica applies a change at once, the others within 2 s. */
  readonly keys: Pick<KeyRing, 'refresh'>;
  /** Reads JSON. */
  readonly readJson: BodyReader;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Adds the routes that manage API keys. Only `ADMIN_API_KEY` reaches them. One statement runs at a time. */
export function manageKeys(router: Router, { database, keys, readJson, now }: ManageKeysOptions): void {
  const inTurn = keyTurns('API keys');
  const changed = async <T>(request: Request, work: () => Promise<T>) => {
    const result = await inTurn(request, work);
    await keys.refresh();
    return result;
  };

  router.post(ENDPOINTS.createKey.path, async (request, response) => {
    const reading = readNewKey(await readBody(request, readJson), now());
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const created = await changed(request, () => createKey(database, reading.fields, callerOf(response).name));
    if (created === 'too many') throw tooManyKeys(MOST_KEYS);
    response.status(201).json({ key: created.secret, ...created.key });
  });

  router.get(ENDPOINTS.keys.path, async (request, response) => {
    const reading = readKeysQuery(queryOf(request.originalUrl));
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const { limit, cursor } = reading.query;
    // One row more than the page shows whether there is a next page.
    const found = await inTurn(request, () => listKeys(database, limit + 1, cursor));
    const shown = found.slice(0, limit);
    response.json({ keys: shown, next_cursor: found.length > limit ? (shown.at(-1)?.id ?? null) : null });
  });

  router.delete(toExpress(ENDPOINTS.deleteKey.path), async (request, response) => {
    const id = String(request.params.key_id);
    const by = callerOf(response).name;
    const key = isUuid(id) ? await changed(request, () => deleteKey(database, id, by)) : undefined;
    if (key === undefined) throw unknownKey();
    response.json(key);
  });
}
