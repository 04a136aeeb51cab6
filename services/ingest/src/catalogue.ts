import { type AdCatalogue, createAdCatalogue, type Database } from '@ads/ledger';
import { type ProcessContext, watchCopy } from '@ads/runtime';
import type { IngestConfig } from './config.js';

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
