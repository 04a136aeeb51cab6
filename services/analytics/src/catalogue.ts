import { type AdCatalogue, createAdCatalogue, type Database } from '@ads/ledger';
import { type ProcessContext, watchCopy } from '@ads/runtime';
import type { AnalyticsConfig } from './config.js';

/** The longest wait of one look-up of an ad. */
export const LOOK_UP_PATIENCE_MS = 2_000;

/** Maximum number of ads that a list reads from Redis, in 0.3 s. Postgres ranks larger catalogues. */
const MAX_ADS_LISTED = 10_000;

/** Starts the catalogue; resolves when it is loaded, or after `POSTGRES_TIMEOUT_MS`. */
export async function startCatalogue(
  { config, metrics, conditions, shutdown }: ProcessContext<AnalyticsConfig>,
  database: Database,
): Promise<AdCatalogue> {
  const refreshSeconds = config.AD_CATALOGUE_REFRESH_SECONDS;
  const catalogue = createAdCatalogue({
    database,
    refreshMs: refreshSeconds * 1_000,
    patienceMs: LOOK_UP_PATIENCE_MS,
    idsKept: MAX_ADS_LISTED,
  });
  shutdown.add('ad catalogue', catalogue.stop);
  const oldAfter = Math.max(30, 3 * refreshSeconds);
  const age = watchCopy(catalogue, { name: 'ad_catalogue', entries: 'ads', oldAfter, metrics, conditions });
  shutdown.add('age of the catalogue', age);
  await catalogue.start(config.POSTGRES_TIMEOUT_MS);
  return catalogue;
}
