import { randomUUID } from 'node:crypto';
import { EPOCH_KEY, oldestVisible, REBUILD_KEY } from '@ads/models';
import type { AdCounts } from './counts.js';
import type { CounterStore, Database } from './dependencies.js';
import { healDoubts, readDoubts } from './doubts.js';
import { readText } from './files.js';
import { raiseCounters } from './raise.js';
import { script } from './script.js';

const READ_COUNTS = readText('sql/read-counts.sql');
const finish = script(readText('lua/finish-rebuild.lua'));
const abandon = script(readText('lua/abandon-rebuild.lua'));

/** An ad has at most 3,600 second and 1,440 minute buckets to read: a page is a few MB at worst. */
const ADS_PER_PAGE = 100;

/** How long a token outlives a rebuild that died: another may begin then. Renewed with every page. */
const TOKEN_SECONDS = 30;

/** What became of a rebuild. `interrupted`: the counters were emptied meanwhile, or another rebuild is under way. */
export type Rebuild =
  | { readonly state: 'done'; readonly ads: number }
  | { readonly state: 'interrupted'; readonly reason: string };

/**
 * Raises every counter in Redis to what Postgres holds, and then declares them trustworthy. Runs beside live traffic:
 * both only ever raise.
 *
 * @param now milliseconds
 * @throws when Postgres or Redis fails meanwhile; the counters are as little to be trusted as before
 */
export async function rebuildCounters(database: Database, store: CounterStore, now: () => number): Promise<Rebuild> {
  const lifetime = store.lifetime();
  if (lifetime === undefined) return { state: 'interrupted', reason: 'Redis is not connected' };
  const token = randomUUID();
  // Doubts first: what is committed after this is either read below or leaves a doubt that stays.
  const doubts = await readDoubts(database);
  await store.run('begin_rebuild', (redis) => redis.set(REBUILD_KEY, token, 'EX', TOKEN_SECONDS, 'NX'));
  // Asked, as the answer to the first may have been lost, and the second try then finds our own token.
  const holder = await store.run('begin_rebuild', (redis) => redis.get(REBUILD_KEY));
  if (holder !== token) return { state: 'interrupted', reason: 'another rebuild is under way' };
  try {
    const ads = await raiseAll(database, store, now);
    const [set] = await store.run('finish_rebuild', (redis) =>
      finish.run(redis, [{ keys: [REBUILD_KEY, EPOCH_KEY], values: [token, `${lifetime}:${token}`] }]),
    );
    if (set !== 1) return { state: 'interrupted', reason: 'Redis was emptied meanwhile' };
    await healDoubts(database, doubts);
    return { state: 'done', ads };
  } catch (error) {
    // Else the next try would wait for this one's token to expire. Where Redis is away it will.
    await store
      .run('abandon_rebuild', (redis) => abandon.run(redis, [{ keys: [REBUILD_KEY], values: [token] }]))
      .catch(() => undefined);
    throw error;
  }
}

/** Raises the counters of all ads, page by page; the number of ads. */
async function raiseAll(database: Database, store: CounterStore, now: () => number): Promise<number> {
  let ads = 0;
  let page = await readPage(database, '', now());
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    ads += page.length;
    // Postgres reads the next page while Redis is given this one.
    const [next] = await Promise.all([readPage(database, last.adId, now()), raisePage(store, page, now())]);
    page = next;
  }
  return ads;
}

async function raisePage(store: CounterStore, page: readonly AdCounts[], now: number): Promise<void> {
  await raiseCounters(store, page, now);
  await store.run('renew_rebuild', (redis) => redis.expire(REBUILD_KEY, TOKEN_SECONDS));
}

/** @param after the last ad of the page before */
async function readPage(database: Database, after: string, now: number): Promise<AdCounts[]> {
  const oldest = oldestVisible(now);
  const rows = await database.query<{ ad_id: string } & Omit<AdCounts, 'adId'>>('read_counts', READ_COUNTS, [
    after,
    ADS_PER_PAGE,
    oldest.second,
    oldest.minute,
  ]);
  return rows.map(({ ad_id: adId, ...counts }) => ({ adId, ...counts }));
}
