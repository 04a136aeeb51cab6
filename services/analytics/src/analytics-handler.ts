import { invalidFields, invalidRequest, unavailable, unknownAd } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import { type AnalyticsQuery, analyticsQuery, detailsOf } from '@ads/models';
import type { RequestHandler } from 'express';
import { adAnswer, adFields } from './answers.js';
import { busiest, readCursor } from './busiest.js';
import type { CountersReading } from './counters.js';

export interface AnalyticsDependencies {
  readonly catalogue: Pick<AdCatalogue, 'find' | 'list'>;
  readonly readAd: (adId: string) => Promise<CountersReading>;
  /** Of the given ads; may be a moment old. */
  readonly readAll: (adIds: readonly string[]) => Promise<CountersReading>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** `GET /api/v1/ads/analytics`: one ad, or all of them, busiest first. */
export function analyticsHandler(dependencies: AnalyticsDependencies): RequestHandler {
  return async (request, response) => {
    const query = readQuery(request.query);
    response.set('Cache-Control', 'no-store');
    response.json(await (query.ad_id === undefined ? answerAll(dependencies, query) : answerAd(dependencies, query)));
  };
}

async function answerAd({ catalogue, readAd, now }: AnalyticsDependencies, { ad_id = '', timeframe }: AnalyticsQuery) {
  const listing = await catalogue.find(ad_id);
  if (listing === 'unverified') throw unverified();
  if (listing === 'unknown') throw unknownAd(ad_id, 404);
  const { source, counters } = await readAd(ad_id);
  const [ad] = counters;
  if (!ad) throw new Error(`no counters were read for ${ad_id}`);
  return adAnswer(ad, source, timeframe, now());
}

async function answerAll(
  { catalogue, readAll, now }: AnalyticsDependencies,
  { timeframe, limit, cursor }: AnalyticsQuery,
) {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    throw invalidRequest('The cursor is not one that this API gave out.', [
      { path: 'cursor', message: 'give the next_cursor of the page before, unchanged' },
    ]);
  }
  const ads = catalogue.list();
  if (!ads) throw unverified();
  const { source, counters } = await readAll(ads.map((ad) => ad.id));
  const page = busiest(counters, timeframe, limit, after);
  return {
    total_ads: counters.length,
    timeframe: timeframe ?? null,
    analytics: page.ads.map((ad) => adFields(ad, timeframe)),
    next_cursor: page.nextCursor,
    source,
    generated_at: new Date(now()).toISOString(),
  };
}

function unverified() {
  return unavailable('The ad catalogue can not be read now.');
}

function readQuery(given: unknown): AnalyticsQuery {
  const checked = analyticsQuery.validate(given, { abortEarly: false, errors: { wrap: { label: false } } });
  if (!checked.error) return checked.value as AnalyticsQuery;
  throw invalidFields(detailsOf(checked.error));
}
