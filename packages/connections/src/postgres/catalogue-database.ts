import type { CatalogueConfig, PostgresConfig } from '../variables.js';
import { openPostgres, type Postgres, type PostgresOptions } from './postgres.js';

/** One each for a read of all ads, a look-up, and a page of a list. */
const CONNECTIONS = 3;

/**
 * Opens a pool for the ad catalogue alone. Its slow reads neither delay the other statements of the process nor make
 * Postgres count as down.
 */
export function openCatalogueDatabase(
  config: PostgresConfig & CatalogueConfig,
  options: Pick<PostgresOptions, 'service' | 'metrics' | 'logger'>,
): Postgres {
  return openPostgres(
    { ...config, POSTGRES_POOL_SIZE: CONNECTIONS, POSTGRES_TIMEOUT_MS: config.AD_CATALOGUE_TIMEOUT_MS },
    { ...options, attempts: 1, dependency: 'ad_catalogue' },
  );
}
