import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '@ads/contract';
import type { Database } from '@ads/ledger';
import { type Position, secondOf, type Timeframe, windowOf, writeCursor } from '@ads/models';
import { createTurns } from '@ads/runtime';

const COUNT_ADS = readFileSync(new URL('../sql/count-ads.sql', import.meta.url), 'utf8');
const RANK_ADS = readFileSync(new URL('../sql/rank-ads.sql', import.meta.url), 'utf8');

/** The ads of one page, busiest first, and the cursor of the next one; null on the last. */
export interface RankedPage {
  readonly adIds: readonly string[];
  readonly nextCursor: string | null;
  /** The number of ads of the advertiser; undefined for all ads. */
  readonly totalAds: number | undefined;
}

/**
 * @param client the client key: clients take turns, so that one with many pages does not delay the others
 * @param advertiser undefined for all ads
 */
export type CatalogueRanking = (
  timeframe: Timeframe | undefined,
  limit: number,
  after: Position | undefined,
  client: string,
  advertiser?: string,
) => Promise<RankedPage>;

export interface CatalogueRankingOptions {
  readonly database: Database;
  /** Maximum age of a page. */
  readonly maxAgeMs: number;
  /** The identity of the ledger; cached pages are dropped when it changes. */
  readonly ledger: () => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Ads per query: several pages. */
  readonly chunkAds?: number;
}

const CHUNK_ADS = 5_000;
/** A chunk is kept for ten times its read time, so that reads of the first chunk use at most a tenth of a connection. */
const AGE_PER_COST = 10;
const LONGEST_AGE_MS = 30_000;
/** Maximum number of cached chunks, of about 500 KB each. */
const CHUNKS_KEPT = 20;
/** A client with 20 pages in the queue waits for some seconds. */
const WAITING = { inAll: 400, perClient: 20 };

/** The key of a page or a chunk. */
interface Wanted {
  readonly timeframe: Timeframe | undefined;
  readonly limit: number;
  readonly after: Position | undefined;
  readonly advertiser: string | undefined;
}

/** A part of a ranking. */
interface Chunk {
  readonly timeframe: Timeframe | undefined;
  readonly after: Position | undefined;
  readonly advertiser: string | undefined;
  readonly totalAds: number | undefined;
  readonly ledger: string | undefined;
  readonly ads: readonly Position[];
  /** True if more ads follow. */
  readonly more: boolean;
  /** By the clock of `performance.now()`. */
  readonly until: number;
}

/**
 * Ranks the ads of a catalogue that is too large to read every counter: Postgres ranks, and only the counters of a page are
 * read. A query ranks the ads of several pages (a chunk), which is cached for all callers. One query runs at a time, followed
 * by a pause of the same length, so that all requests together use at most half of one connection.
 */
export function createCatalogueRanking(options: CatalogueRankingOptions): CatalogueRanking {
  const { chunkAds = CHUNK_ADS } = options;
  let chunks: Chunk[] = [];
  let rest = Promise.resolve();
  const inTurn = createTurns(WAITING, () => unavailable('Too many lists of ads are being read; retry later.'));

  async function readNext({ timeframe, after, advertiser }: Omit<Wanted, 'limit'>): Promise<Chunk> {
    await rest;
    const startedAt = performance.now();
    const ledger = options.ledger();
    const ads = await readRanked(options, { timeframe, limit: chunkAds + 1, after, advertiser });
    const totalAds = advertiser === undefined ? undefined : await countAds(options, advertiser);
    const cost = performance.now() - startedAt;
    rest = sleep(cost, undefined, { ref: false });
    const age = Math.max(options.maxAgeMs, Math.min(LONGEST_AGE_MS, AGE_PER_COST * cost));
    const until = performance.now() + age;
    const more = ads.length > chunkAds;
    const chunk = { timeframe, after, advertiser, totalAds, ledger, ads: ads.slice(0, chunkAds), more, until };
    chunks = [...fresh(), chunk].slice(-CHUNKS_KEPT);
    return chunk;
  }

  const fresh = (): Chunk[] =>
    chunks.filter(({ until, ledger }) => performance.now() < until && ledger === options.ledger());

  function find({ timeframe, limit, after, advertiser }: Wanted): RankedPage | undefined {
    for (const chunk of fresh()) {
      const isSameList = chunk.timeframe === timeframe && chunk.advertiser === advertiser;
      const page = isSameList ? pageOf(chunk, limit, after) : undefined;
      if (page !== undefined) return page;
    }
    return undefined;
  }

  return async (timeframe, limit, after, client, advertiser) => {
    const wanted = { timeframe, limit, after, advertiser };
    const page = find(wanted);
    if (page !== undefined) return page;
    return await inTurn(client, async () => {
      // An earlier caller in the queue may have read the same chunk.
      const found = find(wanted) ?? pageOf(await readNext(wanted), limit, after);
      if (found === undefined) throw new RangeError(`a page of ${limit} ads is larger than a chunk`);
      return found;
    });
  };
}

/** Cuts a page out of a chunk; undefined if the chunk does not contain the whole page. */
function pageOf(
  { after: before, ads, more, totalAds }: Chunk,
  limit: number,
  after: Position | undefined,
): RankedPage | undefined {
  const begin = isSame(before, after) ? 0 : ads.findIndex((ad) => isSame(ad, after)) + 1;
  if (begin === 0 && !isSame(before, after)) return undefined;
  const page = ads.slice(begin, begin + limit);
  if (page.length < limit && more) return undefined;
  const last = page.at(-1);
  const follows = more || begin + limit < ads.length;
  const nextCursor = last !== undefined && follows ? writeCursor(last) : null;
  return { adIds: page.map(([, id]) => id), nextCursor, totalAds };
}

function isSame(one: Position | undefined, other: Position | undefined): boolean {
  return one?.[0] === other?.[0] && one?.[1] === other?.[1];
}

async function readRanked(
  { database, now }: CatalogueRankingOptions,
  { timeframe, limit, after, advertiser }: Wanted,
): Promise<Position[]> {
  const seconds = (timeframe && windowOf(timeframe))?.seconds ?? null;
  const values = [seconds, secondOf(now()), after?.[0] ?? null, after?.[1] ?? null, limit, advertiser ?? null];
  const rows = await database.query<{ ad_id: string; clicks: number }>('rank_ads', RANK_ADS, values);
  return rows.map(({ ad_id: adId, clicks }) => [clicks, adId]);
}

async function countAds({ database }: CatalogueRankingOptions, advertiser: string): Promise<number> {
  const [row] = await database.query<{ count: number }>('count_ads', COUNT_ADS, [advertiser]);
  return row?.count ?? 0;
}
