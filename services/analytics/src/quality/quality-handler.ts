import { invalidFields, MAX_QUALITY_DAYS, queryOf, readQualityQuery, unavailable } from '@ads/contract';
import { callerOf, clientKey } from '@ads/http';
import type { Database } from '@ads/ledger';
import type { RequestHandler } from 'express';
import type { AdsOf } from '../ads-of.js';
import { createPlaces, RETRY_SECONDS } from '../places.js';
import { readRange } from '../report/range.js';
import { QUARTER_HOURS } from '../report/read-report.js';
import { requireAd } from '../require-ad.js';
import { qualityOf } from './quality.js';
import { readReuse, readVerdicts } from './read-counts.js';
import { type EventsDependencies, readEvents } from './read-events.js';

export interface QualityDependencies extends EventsDependencies {
  readonly adsOf: AdsOf;
  readonly database: Database;
  /** Maximum number of answers that are made at a time, one for each client. */
  readonly most: number;
}

const DAY_MS = 86_400_000;

/** `GET /api/v1/ads/analytics/quality`: diagnostics of the traffic of an ad. */
export function qualityHandler(dependencies: QualityDependencies): RequestHandler {
  const { adsOf, database, most, now } = dependencies;
  const places = createPlaces(most, 1);
  return async (request, response) => {
    const parsed = readQualityQuery(queryOf(request.originalUrl));
    if (parsed.state === 'invalid') throw invalidFields(parsed.details);
    const { ad_id: adId, ...query } = parsed.query;
    const range = readRange(
      { ...query, tz: 'UTC' },
      { now: now(), wholeMs: QUARTER_HOURS.milliseconds, firstBefore: (to) => to - DAY_MS },
    );
    if (range.to - range.from > MAX_QUALITY_DAYS * DAY_MS) {
      throw invalidFields([{ path: 'from', message: `from must be at most ${MAX_QUALITY_DAYS} days before to` }]);
    }
    const client = clientKey(request.ip, request.socket);
    const { advertiser, share } = callerOf(response);
    await requireAd(adsOf(advertiser, share), adId, client);
    const leave = places.take(client);
    if (leave === undefined) {
      throw unavailable('Too many diagnostics are being read; retry later.', undefined, RETRY_SECONDS);
    }
    const ended = new AbortController();
    const end = () => ended.abort();
    response.once('close', end);
    try {
      const [verdicts, reuse, sample] = await Promise.all([
        readVerdicts(database, adId, range),
        readReuse(database, adId, range),
        readEvents(dependencies, adId, range, ended.signal),
      ]);
      response.set('Cache-Control', 'no-store').json(qualityOf(adId, range, { verdicts, reuse, sample }));
    } catch (error) {
      // The client has gone, and Postgres has ended the statement.
      if (!response.closed) throw error;
    } finally {
      response.removeListener('close', end);
      end();
      leave();
    }
  };
}
