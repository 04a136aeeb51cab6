import type { CatalogueConfig } from '../variables.js';
import { openPostgres, type Postgres, type PostgresOptions } from './postgres.js';
import type { PostgresConfig } from './postgres-variables.js';

/**
 * Opens a pool for the ad catalogue alone. Its slow reads neither delay the other statements of the process nor make
 * Postgres count as down.
 *
 * @param connections one for each kind of read: of all ads, a look-up, a page of a list
 */
export function openCatalogueDatabase(
  config: PostgresConfig & CatalogueConfig,
  options: Pick<PostgresOptions, 'service' | 'metrics' | 'logger'>,
  connections: number,
): Postgres {
  return openPostgres(
    { ...config, POSTGRES_POOL_SIZE: connections, POSTGRES_TIMEOUT_MS: config.AD_CATALOGUE_TIMEOUT_MS },
    { ...options, attempts: 1, dependency: 'ad_catalogue' },
  );
}
