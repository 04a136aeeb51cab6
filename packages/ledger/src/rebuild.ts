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

/** An ad has at most 3,600 second and 1,440 minute buckets to read: a page is a few MB at worst. */
const ADS_PER_PAGE = 100;

/** How long a token outlives a rebuild that died: another may begin then. Renewed with every page. */
const TOKEN_SECONDS = 30;

/**
 * A server that is busy for a moment must not cost all that was raised so far: on a busy machine a rebuild of many ads
 * would never end. Altogether less than the token lives.
 */
const TRIES = 5;
const PAUSE_MS = 1_000;

/** The outcome of a rebuild. `interrupted`: the counters were emptied or the database changed meanwhile, or another one runs. */
export type Rebuild =
  | { readonly state: 'done'; readonly ads: number }
  | { readonly state: 'interrupted'; readonly reason: string };

/**
 * Raises every counter of the ledger in Redis to what Postgres holds, and then marks them as trusted. Runs beside live
 * traffic: both only ever raise. A ledger that went back in time has another identity, and so begins with no counters.
 *
 * @param now milliseconds
 * @param signal breaks it off, within a page
 * @throws when Postgres or Redis fails meanwhile, or it was broken off; the counters are as little to be trusted as before
 */
export async function rebuildCounters(
  database: Database,
  store: CounterStore,
  now: () => number,
  signal?: AbortSignal,
): Promise<Rebuild> {
  const begun = namesAndLives(store);
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
    // Doubts first: what is committed after this is either read below or leaves a doubt that stays.
    const doubts = await readDoubts(database);
    state = await rebuildParts({ database, store, ledger, parts, now, signal });
    if (state.state !== 'done') return state;
    if (namesAndLives(store) !== begun) {
      return { state: 'interrupted', reason: 'another server holds some of the counters now' };
    }
    await healDoubts(database, doubts);
    return state;
  } finally {
    // Else the next try would wait for this one's token to expire. Where Redis is away it will.
    if (state?.state !== 'done') await Promise.allSettled(parts.map(abandonPart));
  }
}

/** Why nothing is trusted while the table that names the ledger is empty. */
export const NO_IDENTITY = 'the database has no ledger identity: it is being restored, or is a standby';

/** The surroundings of a rebuild. */
interface Work {
  readonly database: Database;
  readonly store: CounterStore;
  readonly ledger: LedgerIdentity;
  readonly parts: readonly Part[];
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
}

/** What a rebuild has to do with one server. */
interface Part {
  readonly shard: CounterShard;
  readonly instanceId: string;
  readonly token: string;
  readonly tokenKey: string;
  readonly epochKey: string;
}

/** All of them begin before any counter is raised, and none ends before all counters are. */
async function rebuildParts(work: Work): Promise<Rebuild> {
  const { database, ledger, parts } = work;
  // One after the other, in the order that all have: of two rebuilds that begin together, one goes on.
  for (const part of parts) {
    if (!(await beginPart(part))) return { state: 'interrupted', reason: 'another rebuild is under way' };
  }
  const ads = await raiseAll(work);
  if (ads === undefined) return { state: 'interrupted', reason: 'another server holds some of the counters now' };
  // Counts that were read after a change belong to another ledger. Nobody will read these counters.
  if ((await readIdentity(database)) !== ledger) {
    return { state: 'interrupted', reason: 'the database was restored or replaced meanwhile' };
  }
  const finished = await Promise.all(parts.map(finishPart));
  return finished.every((set) => set)
    ? { state: 'done', ads }
    : { state: 'interrupted', reason: 'Redis was emptied meanwhile' };
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
function namesAndLives(store: CounterStore): string {
  return store
    .shards()
    .map((shard) => `${shard.name} ${shard.instanceId()}`)
    .join('\n');
}

/** Raises the counters of all ads, page by page; the number of ads, or undefined where a server restarted or changed. */
async function raiseAll(work: Work): Promise<number | undefined> {
  const { database, store, now, signal } = work;
  const begun = namesAndLives(store);
  // A Redis that went away has forgotten what it was given: there is nothing to go on with.
  const mayGoOn = () => namesAndLives(store) === begun && !signal?.aborted;
  let ads = 0;
  let page = await readPage(database, '', now());
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    signal?.throwIfAborted();
    if (!mayGoOn()) return undefined;
    ads += page.length;
    const { adId } = last;
    // Postgres reads the next page while Redis is given this one.
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
