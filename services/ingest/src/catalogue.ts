import { type AdCatalogue, createAdCatalogue, createServedAds, type Database, type ServedAds } from '@ads/ledger';
import { type ProcessContext, watchCopy } from '@ads/runtime';
import type { IngestConfig } from './config.js';

/** Two reads fit into the two seconds within which a paused ad is no longer served. */
const SERVED_ADS_REFRESH_MS = 1_000;
const SERVED_ADS_OLD_AFTER_SECONDS = 15;

/** Short, because a player waits for the response. */
const LOOK_UP_PATIENCE_MS = 1_000;

/** Starts the catalogue; resolves when it is loaded, or after `POSTGRES_TIMEOUT_MS`. */
export async function startCatalogue(
  { config, metrics, conditions, shutdown }: ProcessContext<IngestConfig>,
  database: Database,
): Promise<AdCatalogue> {
  const refreshSeconds = config.AD_CATALOGUE_REFRESH_SECONDS;
  const catalogue = createAdCatalogue({
    database,
    refreshMs: refreshSeconds * 1_000,
    patienceMs: LOOK_UP_PATIENCE_MS,
  });
  shutdown.add('ad catalogue', catalogue.stop);
  const oldAfter = Math.max(30, 3 * refreshSeconds);
  const age = watchCopy(catalogue, { name: 'ad_catalogue', entries: 'ads', oldAfter, metrics, conditions });
  shutdown.add('age of the catalogue', age);
  await catalogue.start(config.POSTGRES_TIMEOUT_MS);
  return catalogue;
}

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
