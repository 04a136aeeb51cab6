import { invalidFields, notAcceptable, queryOf, readLiveQuery } from '@ads/contract';
import { beginStream, callerOf, clientKey } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import type { RequestHandler } from 'express';
import type { AdsOf } from '../ads-of.js';
import { requireAd, unverified } from '../require-ad.js';
import type { LiveStreams } from './live-streams.js';

const TYPE = 'text/event-stream';

const HEAD = {
  'Content-Type': `${TYPE}; charset=utf-8`,
  // `no-transform` keeps proxies from compressing the stream, which would buffer it.
  'Cache-Control': 'no-store, no-transform',
  // nginx does not buffer the response.
  'X-Accel-Buffering': 'no',
};

/** `GET /api/v1/ads/analytics/live` */
export function liveHandler(
  catalogue: Pick<AdCatalogue, 'isLoaded'>,
  adsOf: AdsOf,
  streams: Pick<LiveStreams, 'open'>,
): RequestHandler {
  return async (request, response) => {
    const parsed = readLiveQuery(queryOf(request.originalUrl));
    if (parsed.state === 'invalid') throw invalidFields(parsed.details);
    if (request.accepts(TYPE) === false) throw notAcceptable(TYPE);
    const { adIds } = parsed;
    const client = clientKey(request.ip, request.socket);
    const { advertiser, isAdmitted } = callerOf(response);
    if (adIds === undefined) {
      if (!catalogue.isLoaded()) throw unverified();
    } else await Promise.all(adIds.map((adId) => requireAd(adsOf(advertiser), adId, client)));

    if (request.method === 'HEAD') {
      response.writeHead(200, HEAD).end();
      return;
    }
    streams.open({
      client,
      adIds,
      advertiser,
      response,
      isAdmitted,
      begin() {
        response.writeHead(200, HEAD);
        return beginStream(response);
      },
    });
  };
}
