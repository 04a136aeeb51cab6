import { type ProcessContext, watchCopy } from '@ads/runtime';
import { type AdCatalogue, type AdCatalogueOptions, createAdCatalogue } from './ad-catalogue.js';

/** The part of the configuration of a service that its catalogue needs. */
export interface StartCatalogueConfig {
  readonly AD_CATALOGUE_REFRESH_SECONDS: number;
  readonly POSTGRES_TIMEOUT_MS: number;
}

const LEAST_OLD_AFTER_SECONDS = 30;
/** A catalogue that is this many refreshes old is reported. */
const OLD_AFTER_REFRESHES = 3;

/**
 * Starts the ad catalogue of a service, and tells when it cannot be read. Resolves when it is loaded, or after
 * `POSTGRES_TIMEOUT_MS`.
 */
export async function startCatalogue(
  { config, metrics, conditions, shutdown }: ProcessContext<StartCatalogueConfig>,
  options: Omit<AdCatalogueOptions, 'refreshMs'>,
): Promise<AdCatalogue> {
  const refreshSeconds = config.AD_CATALOGUE_REFRESH_SECONDS;
  const catalogue = createAdCatalogue({ ...options, refreshMs: refreshSeconds * 1_000 });
  shutdown.add('ad catalogue', catalogue.stop);
  const oldAfter = Math.max(LEAST_OLD_AFTER_SECONDS, OLD_AFTER_REFRESHES * refreshSeconds);
  const age = watchCopy(catalogue, { name: 'ad_catalogue', entries: 'ads', oldAfter, metrics, conditions });
  shutdown.add('age of the catalogue', age);
  await catalogue.start(config.POSTGRES_TIMEOUT_MS);
  return catalogue;
}
