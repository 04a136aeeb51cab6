import { invalidFields, otherAdvertiser, queryOf, readAdsQuery } from '@ads/contract';
import { callerOf, clientKey, isKnown } from '@ads/http';
import type { RequestHandler } from 'express';
import type { AdPages } from './ad-pages.js';

/**
 * `GET /api/v1/ads`: a page of the catalogue.
 *
 * @param maxAgeSeconds how long clients may cache the answer
 */
export function adsHandler({ page }: Pick<AdPages, 'page'>, maxAgeSeconds: number): RequestHandler {
  return async (request, response) => {
    const reading = readAdsQuery(queryOf(request.originalUrl));
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const { advertiser } = callerOf(response);
    const asked = reading.query.advertiser ?? advertiser;
    if (advertiser !== undefined && asked !== advertiser) throw otherAdvertiser(advertiser);
    const query = advertiser === undefined ? reading.query : { ...reading.query, advertiser };
    const { body, etag } = await page(query, clientKey(request.ip, request.socket));
    response.set({ ETag: etag, 'Cache-Control': `${callerOf(response).cache}, max-age=${maxAgeSeconds}` });
    if (isKnown(request, etag)) {
      response.status(304).end();
      return;
    }
    response.set({ 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(body.length) });
    response.end(body);
  };
}
