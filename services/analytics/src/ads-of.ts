import { readFileSync } from 'node:fs';
import { ownText } from '@ads/contract';
import { isShared, type SharedAds } from '@ads/http';
import { type AdCatalogue, createAdLookUp, createClockCache, type Database } from '@ads/ledger';

const READ_AD_OWNERS = readFileSync(new URL('../sql/read-ad-owners.sql', import.meta.url), 'utf8');

/** The ads that a caller may read. */
export type Ads = Pick<AdCatalogue, 'find'>;

/**
 * Returns the ads that a caller may read. Another ad is unknown, like one that does not exist.
 *
 * @param share the ad or campaign of a share; undefined for all ads of the advertiser
 */
export type AdsOf = (advertiser: string | undefined, share?: SharedAds) => Ads;

export interface AdsOfOptions {
  readonly catalogue: Ads;
  readonly database: Database;
  /** The longest wait of one look-up. */
  readonly patienceMs: number;
  /** How long a look-up is used again. */
  readonly freshMs?: number;
}

const FRESH_MS = 2_000;
/** Maximum number of cached look-ups, which take 2 MB. */
const KEPT = 10_000;

/** The fields of an ad that decide who may read it. */
interface Owner {
  readonly id: string;
  readonly advertiser: string | null;
  readonly campaign: string | null;
}

/**
 * Only keys of one advertiser and shares cause look-ups of owners. Those of the last two seconds are used again; for keys, also older
 * ones while Postgres is unavailable. A share is not: an ad may have left its campaign.
 */
export function createAdsOf({ catalogue, database, patienceMs, freshMs = FRESH_MS }: AdsOfOptions): AdsOf {
  const kept = createClockCache<{ readonly owner: Owner; readonly readAt: number }>(KEPT);
  const lookUp = createAdLookUp<Owner>({
    lookUp: async (ids) => {
      const rows = await database.query<Owner>('read_ad_owners', READ_AD_OWNERS, [ids]);
      return new Map(rows.map((owner) => [owner.id, owner]));
    },
    onFound: (id, owner) => kept.set(ownText(id), { owner, readAt: performance.now() }),
    onFailure: () => undefined,
    patienceMs,
  });

  return (advertiser, share) => {
    if (advertiser === undefined && share === undefined) return catalogue;
    const listingOf = (ad: Owner) =>
      (advertiser === undefined || ad.advertiser === advertiser) && isShared(ad, share) ? 'known' : 'unknown';
    return {
      async find(adId, client) {
        const known = kept.get(adId);
        if (known !== undefined && performance.now() - known.readAt < freshMs) return listingOf(known.owner);
        const listing = await lookUp.find(adId, client);
        if (listing.state === 'known') return listingOf(listing.ad);
        const isOldUsed = listing.state === 'unverified' && known !== undefined && share === undefined;
        return isOldUsed ? listingOf(known.owner) : listing.state;
      },
    };
  };
}
