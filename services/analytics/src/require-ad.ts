import { type ApiError, unavailable, unknownAd } from '@ads/contract';
import type { Ads } from './ads-of.js';

/**
 * Resolves if the ad is one of these.
 *
 * @param client the client key: see `AdLookUp`
 * @throws ApiError 404 or 503
 */
export async function requireAd(ads: Ads, adId: string, client: string): Promise<void> {
  const listing = await ads.find(adId, client);
  if (listing === 'busy') throw unavailable('Too many unknown ads are being looked up; retry later.');
  if (listing === 'unverified') throw unverified();
  if (listing === 'unknown') throw unknownAd(adId, 404);
}

export function unverified(): ApiError {
  return unavailable('The ad catalogue is unavailable; retry later.');
}
