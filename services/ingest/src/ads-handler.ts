import { unavailable } from '@ads/http';
import type { AdCatalogue } from '@ads/ledger';
import type { RequestHandler } from 'express';

/** `GET /api/v1/ads`: the catalogue, from memory. */
export function adsHandler(catalogue: Pick<AdCatalogue, 'list'>): RequestHandler {
  return (_request, response) => {
    const ads = catalogue.list();
    if (!ads) throw unavailable('The ad catalogue can not be read now.');
    response.json({ ads, count: ads.length });
  };
}
