import { unavailable } from '@ads/contract';
import {
  type AdChange,
  type AdEdit,
  createAds,
  type Database,
  editAd,
  type Idempotency,
  lookUpAds,
  type NewAd,
  readAd,
  readAdChanges,
  readAdCreation,
} from '@ads/ledger';
import type { Ad } from '@ads/models';
import { createTurns, DependencyUnavailable } from '@ads/runtime';

/** The ads in Postgres. All methods throw ApiError 503 while it is unavailable, or if too many requests wait. */
export interface AdStore {
  read(client: string, id: string): Promise<Ad | undefined>;
  /** The given ids that ads have already. */
  existing(client: string, ids: readonly string[]): Promise<string[]>;
  /** See `createAds`. */
  create(client: string, ads: readonly NewAd[], by: string, idempotency?: Idempotency): Promise<Ad[] | undefined>;
  /** See `readAdCreation`. */
  readCreation(client: string, key: string): ReturnType<typeof readAdCreation>;
  /** See `editAd`. */
  edit(client: string, id: string, edit: AdEdit): Promise<Ad | undefined>;
  /** See `readAdChanges`. */
  readChanges(client: string, adId: string, limit: number, before?: number): Promise<AdChange[]>;
}

const WAITING = { inAll: 1_000, perClient: 50 };

/**
 * One statement runs at a time, and clients take turns: the connections of the catalogue also look up the unknown ads of events.
 *
 * @param onWrite called after each change
 */
export function createAdStore(database: Database, onWrite: () => void): AdStore {
  const takeTurns = createTurns(WAITING, () => unavailable('Too many requests for ads are waiting; retry later.'));
  const inTurn = <T>(client: string, work: () => Promise<T>): Promise<T> =>
    takeTurns(client, work).catch((error) => {
      if (!(error instanceof DependencyUnavailable)) throw error;
      throw unavailable('The ad catalogue is unavailable; retry later.', error);
    });
  const write = <T>(client: string, work: () => Promise<T>): Promise<T> => inTurn(client, work).finally(onWrite);
  return {
    existing: (client, ids) => inTurn(client, () => lookUpAds(database, ids)),
    read: (client, id) => inTurn(client, () => readAd(database, id)),
    readCreation: (client, key) => inTurn(client, () => readAdCreation(database, key)),
    readChanges: (client, ...asked) => inTurn(client, () => readAdChanges(database, ...asked)),
    create: (client, ...created) => write(client, () => createAds(database, ...created)),
    async edit(client, id, edit) {
      const result = await write(client, () => editAd(database, id, edit));
      if (result === 'busy') throw unavailable('The ad is being changed by others; retry later.');
      return result === 'missing' ? undefined : result;
    },
  };
}
