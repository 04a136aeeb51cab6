import { readFileSync } from 'node:fs';
import type { AdCatalogue, Database } from '@ads/ledger';
import { secondOf } from '@ads/models';
import type { CatalogueRanking } from '../catalogue-ranking.js';
import { rankPage } from '../ranking.js';
import type { TimedCounters } from '../readers.js';
import { createFloors, type LiveCounts } from './floors.js';
import type { LiveState } from './live-state.js';

const SUM_COUNTERS = readFileSync(new URL('../../sql/sum-counters.sql', import.meta.url), 'utf8');

/** The busiest ads are those with the most clicks in this window. */
const TIMEFRAME = '1m';
const BUSIEST = 10;
/** The id of all ads together among floors, and the client name of their ranking. No ad and no client has it. */
const ALL = 'live {all}';

export interface AllAdsOptions {
  readonly catalogue: Pick<AdCatalogue, 'ids' | 'size'>;
  readonly readAll: () => Promise<TimedCounters>;
  readonly readSome: (adIds: readonly string[]) => Promise<TimedCounters>;
  readonly rank: CatalogueRanking;
  readonly database: Database;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The only one whose ads are read; undefined for all ads. */
  readonly advertiser?: string | undefined;
}

/** A state of all ads, and when it was read, in milliseconds. */
export interface TimedState {
  readonly state: LiveState;
  readonly time: number;
}

/**
 * Reads all ads together, and the busiest of them. They come from the same list as the answer without `ad_id`. For a catalogue
 * without such a list, and for an advertiser, Postgres sums the totals and ranks the ads.
 *
 * @throws DependencyUnavailable
 */
export function createAllAdsReader(options: AllAdsOptions): () => Promise<TimedState> {
  const { catalogue, readAll, advertiser } = options;
  const raise = createFloors();
  const raiseSums = createFloors();
  return async () => {
    if (advertiser !== undefined || catalogue.ids() === undefined) return await readLarge(options, raiseSums);
    const { source, counters, time } = await readAll();
    const raised = raise(counters);
    const byId = new Map(raised.map((counts) => [counts.adId, counts]));
    const busiest = rankPage(counters, TIMEFRAME, BUSIEST, undefined).ads;
    const ads = busiest.map((one) => byId.get(one.adId) ?? one);
    return { state: { source, all: { totalAds: raised.length, counts: sumOf(raised) }, ads }, time };
  };
}

function sumOf(all: readonly LiveCounts[]): LiveCounts {
  let [clicks, impressions, lastClicks, lastImpressions] = [0, 0, 0, 0];
  for (const counts of all) {
    clicks += counts.clicks;
    impressions += counts.impressions;
    lastClicks += counts.lastSecond.clicks;
    lastImpressions += counts.lastSecond.impressions;
  }
  return { adId: ALL, clicks, impressions, lastSecond: { clicks: lastClicks, impressions: lastImpressions } };
}

interface SumRow {
  readonly clicks: number;
  readonly impressions: number;
  readonly last_clicks: number;
  readonly last_impressions: number;
}

async function readLarge(options: AllAdsOptions, raise: ReturnType<typeof createFloors>): Promise<TimedState> {
  const { catalogue, readSome, rank, database, now, advertiser } = options;
  const { adIds, totalAds = catalogue.size() } = await rank(TIMEFRAME, BUSIEST, undefined, ALL, advertiser);
  const { counters } = await readSome(adIds);
  const time = now();
  const [sum] = await database.query<SumRow>('sum_counters', SUM_COUNTERS, [secondOf(time), advertiser ?? null]);
  if (sum === undefined) throw new Error('sum-counters.sql returned no row');
  const lastSecond = { clicks: sum.last_clicks, impressions: sum.last_impressions };
  const [counts, ...ads] = raise([
    { adId: ALL, clicks: sum.clicks, impressions: sum.impressions, lastSecond },
    ...rankPage(counters, TIMEFRAME, BUSIEST, undefined).ads,
  ]);
  if (counts === undefined) throw new Error('the sum was lost');
  return { state: { source: 'postgres', all: { totalAds, counts }, ads }, time };
}
