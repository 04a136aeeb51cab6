import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { epochKey, type LedgerIdentity, MARKS_STEM, oldestVisible, rebuildKey } from '@ads/models';
import type { AdCounts } from './counts.js';
import type { CounterShard, CounterStore, Database } from './dependencies.js';
import { healDoubts, readDoubts } from './doubts.js';
import { readText } from './files.js';
import { readIdentity } from './identity.js';
import { raiseCounters } from './raise.js';
import { keepInUse } from './retired.js';
import { script } from './script.js';

const READ_COUNTS = readText('sql/read-counts.sql');
const begin = script(readText('lua/begin-rebuild.lua'));
const finish = script(readText('lua/finish-rebuild.lua'));
const abandon = script(readText('lua/abandon-rebuild.lua'));

/** An ad has up to 3,600 second and 1,440 minute buckets: a page is a few MB at most. */
const ADS_PER_PAGE = 100;

/**
 * Expiry of the token of a rebuild, which renews it with every page. If the process dies, another rebuild begins after this
 * time.
 */
const TOKEN_SECONDS = 30;

/**
 * A page is retried, so that one timeout does not end the whole rebuild. All retries together take less time than the token
 * needs to expire.
 */
const TRIES = 5;
const PAUSE_MS = 1_000;

/** The result of a rebuild. `interrupted`: Redis was emptied, the ledger changed, or another rebuild runs. */
export type Rebuild =
  | { readonly state: 'done'; readonly ads: number }
  | { readonly state: 'interrupted'; readonly reason: string };

/**
 * Raises every counter of the ledger in Redis to its count in Postgres, and then marks the counters as trusted. It runs during
 * live traffic, since both only raise. A restored ledger has a new identity, and so begins with no counters.
 *
 * @param now milliseconds since the epoch
 * @param signal stops the rebuild within a page
 * @throws when Postgres or Redis fails, or the rebuild was stopped; the counters stay untrusted
 */
export async function rebuildCounters(
  database: Database,
  store: CounterStore,
  now: () => number,
  signal?: AbortSignal,
): Promise<Rebuild> {
  const begun = instanceIds(store);
  const id = randomUUID();
  const ledger = await readIdentity(database);
  if (ledger === undefined) return { state: 'interrupted', reason: NO_IDENTITY };
  const parts: Part[] = [];
  for (const shard of store.shards()) {
    const instanceId = shard.instanceId();
    if (instanceId === undefined) return { state: 'interrupted', reason: 'Redis is not connected' };
    const tag = shard.tag(MARKS_STEM);
    const keys = { tokenKey: rebuildKey(tag, ledger), epochKey: epochKey(tag, ledger) };
    parts.push({ shard, instanceId, token: `${instanceId}:${id}`, ...keys });
  }
  if (parts.length === 0) return { state: 'interrupted', reason: 'it is not known which server holds which ad' };
  let state: Rebuild | undefined;
  try {
    // Doubts first: a later commit is either read below, or leaves a doubt that stays.
    const doubts = await readDoubts(database);
    state = await rebuildParts({ database, store, ledger, parts, now, signal });
    if (state.state !== 'done') return state;
    if (instanceIds(store) !== begun) {
      return { state: 'interrupted', reason: 'another server holds some of the counters now' };
    }
    await healDoubts(database, doubts);
    return state;
  } finally {
    // Without this, the next rebuild would wait until the token expires.
    if (state?.state !== 'done') await Promise.allSettled(parts.map(abandonPart));
  }
}

/** The reason while the table with the ledger identity is empty. */
export const NO_IDENTITY = 'the database has no ledger identity: it is being restored, or is a standby';

/** The arguments of a rebuild. */
interface Work {
  readonly database: Database;
  readonly store: CounterStore;
  readonly ledger: LedgerIdentity;
  readonly parts: readonly Part[];
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
}

/** The part of a rebuild on one server. */
interface Part {
  readonly shard: CounterShard;
  readonly instanceId: string;
  readonly token: string;
  readonly tokenKey: string;
  readonly epochKey: string;
}

/** All parts begin before the first raise, and end after the last one. */
async function rebuildParts(work: Work): Promise<Rebuild> {
  const { database, ledger, parts } = work;
  // One after the other, in the same order in all consumers: if two rebuilds begin together, one of them continues.
  for (const part of parts) {
    if (!(await beginPart(part))) return { state: 'interrupted', reason: 'another rebuild is under way' };
  }
  const ads = await raiseAll(work);
  if (ads === undefined) return { state: 'interrupted', reason: 'another server holds some of the counters now' };
  // After a change of the ledger, these counters have an old identity, and nothing reads them.
  if ((await readIdentity(database)) !== ledger) {
    return { state: 'interrupted', reason: 'the database was restored or replaced during the rebuild' };
  }
  const finished = await Promise.all(parts.map(finishPart));
  return finished.every((set) => set)
    ? { state: 'done', ads }
    : { state: 'interrupted', reason: 'Redis was emptied during the rebuild' };
}

async function beginPart({ shard, instanceId, token, tokenKey }: Part): Promise<boolean> {
  const call = { keys: [tokenKey], values: [token, instanceId, TOKEN_SECONDS] };
  const [begun] = await shard.run('begin_rebuild', (redis) => begin.run(redis, [call]));
  return begun === 1;
}

async function finishPart({ shard, token, tokenKey, epochKey }: Part): Promise<boolean> {
  const call = { keys: [tokenKey, epochKey], values: [token, token] };
  const [set] = await shard.run('finish_rebuild', (redis) => finish.run(redis, [call]));
  return set === 1;
}

async function abandonPart({ shard, token, tokenKey }: Part): Promise<void> {
  await shard.run('abandon_rebuild', (redis) => abandon.run(redis, [{ keys: [tokenKey], values: [token] }]));
}

/** Changes when a server is added or removed, or when the instance id of one changes. */
function instanceIds(store: CounterStore): string {
  return store
    .shards()
    .map((shard) => `${shard.name} ${shard.instanceId()}`)
    .join('\n');
}

/** Raises the counters of all ads, page by page. @returns the number of ads; undefined when a server restarted or changed */
async function raiseAll(work: Work): Promise<number | undefined> {
  const { database, store, now, signal } = work;
  const begun = instanceIds(store);
  // A server that restarted lost the counters of earlier pages.
  const mayGoOn = () => instanceIds(store) === begun && !signal?.aborted;
  let ads = 0;
  let page = await readPage(database, '', now());
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    signal?.throwIfAborted();
    if (!mayGoOn()) return undefined;
    ads += page.length;
    const { adId } = last;
    // Postgres reads the next page while Redis raises this one.
    const [next] = await Promise.all([
      persist(() => readPage(database, adId, now()), mayGoOn),
      persist(() => raisePage(work, page), mayGoOn),
    ]);
    page = next;
  }
  return ads;
}

async function persist<T>(work: () => Promise<T>, mayGoOn: () => boolean): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !mayGoOn()) throw error;
      await delay(PAUSE_MS);
    }
  }
}

async function raisePage({ store, ledger, parts, now }: Work, page: readonly AdCounts[]): Promise<void> {
  await raiseCounters(store, ledger, page, now());
  await Promise.all([
    keepInUse(store.shards(), ledger),
    ...parts.map(({ shard, tokenKey }) => shard.run('renew_rebuild', (redis) => redis.expire(tokenKey, TOKEN_SECONDS))),
  ]);
}

/** @param after the last ad id of the previous page */
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
