import { createServedAds, type Database, type ServedAds } from '@ads/ledger';
import { type ProcessContext, watchCopy } from '@ads/runtime';
import type { IngestConfig } from './config.js';

/** Two reads fit into the two seconds within which a paused ad is no longer served. */
const SERVED_ADS_REFRESH_MS = 1_000;
const SERVED_ADS_OLD_AFTER_SECONDS = 15;

/** Short, because a player waits for the response. */
export const LOOK_UP_PATIENCE_MS = 1_000;

/** Reads the ads for tags into memory; resolves when the newest are read, or after `POSTGRES_TIMEOUT_MS`. */
export async function startServedAds(
  { config, metrics, conditions, shutdown }: ProcessContext<IngestConfig>,
  database: Database,
): Promise<ServedAds> {
  const ads = createServedAds({
    database,
    limit: config.MAX_SERVED_ADS,
    refreshMs: SERVED_ADS_REFRESH_MS,
    patienceMs: LOOK_UP_PATIENCE_MS,
  });
  shutdown.add('served ads', ads.stop);
  const oldAfter = SERVED_ADS_OLD_AFTER_SECONDS;
  const age = watchCopy(ads, { name: 'served_ads', entries: 'kept', oldAfter, metrics, conditions });
  shutdown.add('age of the served ads', age);
  await ads.start(config.POSTGRES_TIMEOUT_MS);
  return ads;
}
