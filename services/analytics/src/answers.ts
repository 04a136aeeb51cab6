import { invalidFields, invalidRequest, unavailable, unknownAd } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import { type AnalyticsQuery, readAnalyticsQuery, type Timeframe } from '@ads/models';
import type { AdReading } from './ad-reader.js';
import { adAnswer, pageAnswer } from './answer-fields.js';
import { busiest, readCursor } from './busiest.js';
import type { CountersReading } from './counters.js';

export interface AnswersDependencies {
  readonly catalogue: Pick<AdCatalogue, 'find' | 'list'>;
  readonly readAd: (adId: string) => Promise<AdReading>;
  /** Of all ads; may be a moment old. */
  readonly readAll: () => Promise<CountersReading>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * What is answered to a query (the text behind the question mark): about one ad, or all of them, busiest first.
 *
 * @throws ApiError, DependencyUnavailable
 */
export type Answers = (query: string) => Promise<ReturnType<typeof adAnswer> | ReturnType<typeof pageAnswer>>;

export function createAnswers(dependencies: AnswersDependencies): Answers {
  return async (text) => {
    const reading = readAnalyticsQuery(text);
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const { ad_id, timeframe } = reading.query;
    return ad_id === undefined
      ? await answerAll(dependencies, reading.query)
      : await answerAd(dependencies, ad_id, timeframe);
  };
}

async function answerAd(
  { catalogue, readAd, now }: AnswersDependencies,
  adId: string,
  timeframe: Timeframe | undefined,
) {
  const listing = await catalogue.find(adId);
  if (listing === 'unverified') throw unverified();
  if (listing === 'unknown') throw unknownAd(adId, 404);
  return adAnswer(await readAd(adId), timeframe, now());
}

async function answerAll({ catalogue, readAll, now }: AnswersDependencies, query: AnalyticsQuery) {
  const { timeframe, limit, cursor } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    throw invalidRequest('The cursor is not one that this API gave out.', [
      { path: 'cursor', message: 'give the next_cursor of the page before, unchanged' },
    ]);
  }
  if (!catalogue.list()) throw unverified();
  const reading = await readAll();
  return pageAnswer(reading, busiest(reading.counters, timeframe, limit, after), timeframe, now());
}

function unverified() {
  return unavailable('The ad catalogue can not be read now.');
}
