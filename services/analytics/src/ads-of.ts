import { readFileSync } from 'node:fs';
import { ownText } from '@ads/contract';
import { type AdCatalogue, createAdLookUp, createClockCache, type Database } from '@ads/ledger';

const READ_ADVERTISERS = readFileSync(new URL('../sql/read-advertisers.sql', import.meta.url), 'utf8');

/** The ads that a caller may read. */
export type Ads = Pick<AdCatalogue, 'find'>;

/**
 * Returns the ads of an advertiser; all ads for undefined. The ad of another advertiser is unknown, like one that does not exist.
 */
export type AdsOf = (advertiser: string | undefined) => Ads;

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

/**
 * Only keys of one advertiser cause look-ups of advertisers. Those of the last two seconds are used again; while Postgres is
 * unavailable, also older ones.
 */
export function createAdsOf({ catalogue, database, patienceMs, freshMs = FRESH_MS }: AdsOfOptions): AdsOf {
  const kept = createClockCache<{ readonly advertiser: string | null; readonly readAt: number }>(KEPT);
  const lookUp = createAdLookUp<string | null>({
    lookUp: async (ids) => {
      const rows = await database.query<{ id: string; advertiser: string | null }>(
        'read_advertisers',
        READ_ADVERTISERS,
        [ids],
      );
      return new Map(rows.map(({ id, advertiser }) => [id, advertiser]));
    },
    onFound: (id, advertiser) => kept.set(ownText(id), { advertiser, readAt: performance.now() }),
    onFailure: () => undefined,
    patienceMs,
  });

  return (advertiser) => {
    if (advertiser === undefined) return catalogue;
    const listingOf = (found: string | null) => (found === advertiser ? 'known' : 'unknown');
    return {
      async find(adId, client) {
        const known = kept.get(adId);
        if (known !== undefined && performance.now() - known.readAt < freshMs) return listingOf(known.advertiser);
        const listing = await lookUp.find(adId, client);
        if (listing.state === 'known') return listingOf(listing.ad);
        return listing.state === 'unverified' && known !== undefined ? listingOf(known.advertiser) : listing.state;
      },
    };
  };
}
