import { type AnalyticsQuery, invalidFields, readAnalyticsQuery } from '@ads/contract';
import type { AdCatalogue } from '@ads/ledger';
import { type Position, readCursor, type Timeframe } from '@ads/models';
import type { AdResult } from './ad-reader.js';
import type { AdsOf } from './ads-of.js';
import { adAnswer, pageAnswer } from './answer-fields.js';
import type { CatalogueRanking } from './catalogue-ranking.js';
import type { CountersResult } from './counters.js';
import { type Page, rankPage } from './ranking.js';
import { requireAd, unverified } from './require-ad.js';

export interface AnswersDependencies {
  readonly catalogue: Pick<AdCatalogue, 'ids' | 'isLoaded' | 'size'>;
  readonly adsOf: AdsOf;
  readonly readAd: (adId: string) => Promise<AdResult>;
  /** Counters of all ads, while the catalogue has `ids()`. They may be as old as `LIST_MAX_AGE_MS` allows. */
  readonly readAll: () => Promise<CountersResult>;
  readonly readSome: (adIds: readonly string[]) => Promise<CountersResult>;
  /** Ranks the ads of a catalogue without `ids()`, and those of an advertiser. */
  readonly rank: CatalogueRanking;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Answers a query (the part of the URL after the question mark) about one ad, or about all ads, busiest first.
 *
 * @param client the client key: see `AdLookUp`
 * @param advertiser the only one whose ads the caller may read; undefined for all ads
 * @throws ApiError, DependencyUnavailable
 */
export type Answers = (
  query: string,
  client: string,
  advertiser?: string,
) => Promise<ReturnType<typeof adAnswer> | ReturnType<typeof pageAnswer>>;

export function createAnswers(dependencies: AnswersDependencies): Answers {
  return async (text, client, advertiser) => {
    const parsed = readAnalyticsQuery(text);
    if (parsed.state === 'invalid') throw invalidFields(parsed.details);
    const { ad_id, timeframe } = parsed.query;
    return ad_id === undefined
      ? await answerAll(dependencies, parsed.query, client, advertiser)
      : await answerAd(dependencies, ad_id, timeframe, client, advertiser);
  };
}

async function answerAd(
  { adsOf, readAd, now }: AnswersDependencies,
  adId: string,
  timeframe: Timeframe | undefined,
  client: string,
  advertiser: string | undefined,
) {
  await requireAd(adsOf(advertiser), adId, client);
  return adAnswer(await readAd(adId), timeframe, now());
}

async function answerAll(
  dependencies: AnswersDependencies,
  query: AnalyticsQuery,
  client: string,
  advertiser: string | undefined,
) {
  const { catalogue, readAll, now } = dependencies;
  const { timeframe, limit, cursor } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    throw invalidFields([
      { path: 'cursor', message: 'cursor must be the next_cursor of the previous page, unchanged' },
    ]);
  }
  if (!catalogue.isLoaded()) throw unverified();
  if (advertiser !== undefined || catalogue.ids() === undefined) {
    return await answerMany(dependencies, timeframe, limit, after, client, advertiser);
  }
  const { source, counters } = await readAll();
  return pageAnswer(source, counters.length, rankPage(counters, timeframe, limit, after), timeframe, now());
}

/** The ranking may be older; the counters are current. */
async function answerMany(
  { catalogue, readSome, rank, now }: AnswersDependencies,
  timeframe: Timeframe | undefined,
  limit: number,
  after: Position | undefined,
  client: string,
  advertiser: string | undefined,
) {
  const { adIds, nextCursor, totalAds } = await rank(timeframe, limit, after, client, advertiser);
  const { source, counters } = await readSome(adIds);
  const page: Page = { ads: rankPage(counters, timeframe, limit, undefined).ads, nextCursor };
  return pageAnswer(source, totalAds ?? catalogue.size(), page, timeframe, now());
}
