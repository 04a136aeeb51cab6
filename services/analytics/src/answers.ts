import { invalidFields, invalidRequest, unavailable, unknownAd } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import { type AnalyticsQuery, readAnalyticsQuery, type Timeframe } from '@ads/models';
import type { AdReading } from './ad-reader.js';
import { adAnswer, pageAnswer } from './answer-fields.js';
import { busiest, type Page, type Position, readCursor } from './busiest.js';
import type { CountersReading } from './counters.js';
import type { Ranking } from './ranking.js';

export interface AnswersDependencies {
  readonly catalogue: Pick<AdCatalogue, 'find' | 'ids' | 'isLoaded' | 'size'>;
  readonly readAd: (adId: string) => Promise<AdReading>;
  /** Of all ads, while the catalogue has `ids()`; may be a moment old. */
  readonly readAll: () => Promise<CountersReading>;
  readonly readSome: (adIds: readonly string[]) => Promise<CountersReading>;
  /** Ranks the ads of a larger catalogue. */
  readonly rank: Ranking;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Answers a query (the text behind the question mark) about one ad, or about all of them, busiest first.
 *
 * @param client who asks: see `AdLookUp`
 * @throws ApiError, DependencyUnavailable
 */
export type Answers = (
  query: string,
  client: string,
) => Promise<ReturnType<typeof adAnswer> | ReturnType<typeof pageAnswer>>;

export function createAnswers(dependencies: AnswersDependencies): Answers {
  return async (text, client) => {
    const reading = readAnalyticsQuery(text);
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const { ad_id, timeframe } = reading.query;
    return ad_id === undefined
      ? await answerAll(dependencies, reading.query)
      : await answerAd(dependencies, ad_id, timeframe, client);
  };
}

async function answerAd(
  { catalogue, readAd, now }: AnswersDependencies,
  adId: string,
  timeframe: Timeframe | undefined,
  client: string,
) {
  const listing = await catalogue.find(adId, client);
  if (listing === 'unverified' || listing === 'busy') throw unverified();
  if (listing === 'unknown') throw unknownAd(adId, 404);
  return adAnswer(await readAd(adId), timeframe, now());
}

async function answerAll(dependencies: AnswersDependencies, query: AnalyticsQuery) {
  const { catalogue, readAll, now } = dependencies;
  const { timeframe, limit, cursor } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    throw invalidRequest('The cursor is not one that this API gave out.', [
      { path: 'cursor', message: 'give the next_cursor of the page before, unchanged' },
    ]);
  }
  if (!catalogue.isLoaded()) throw unverified();
  if (catalogue.ids() === undefined) return await answerMany(dependencies, timeframe, limit, after);
  const reading = await readAll();
  const page = busiest(reading.counters, timeframe, limit, after);
  return pageAnswer(reading.source, reading.counters.length, page, timeframe, now());
}

/** The counters are of this moment, their ads those of a ranking that may be somewhat older. */
async function answerMany(
  { catalogue, readSome, rank, now }: AnswersDependencies,
  timeframe: Timeframe | undefined,
  limit: number,
  after: Position | undefined,
) {
  const { adIds, nextCursor } = await rank(timeframe, limit, after);
  const { source, counters } = await readSome(adIds);
  const page: Page = { ads: busiest(counters, timeframe, limit, undefined).ads, nextCursor };
  return pageAnswer(source, catalogue.size(), page, timeframe, now());
}

function unverified() {
  return unavailable('The ad catalogue can not be read now.');
}
