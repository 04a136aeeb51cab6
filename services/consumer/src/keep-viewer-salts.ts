import { type Database, renewViewerSalts } from '@ads/ledger';
import { DependencyUnavailable, every, type Logger } from '@ads/runtime';

/** Short, because a crash of Postgres loses the salts: an ingest that starts then knows no viewers until they are made. */
const EVERY_MS = 60_000;

/**
 * Makes the missing salts of viewers and deletes old ones, at once and every minute.
 *
 * @returns stops it
 */
export function keepViewerSalts({
  database,
  logger,
}: {
  readonly database: Database;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}): () => Promise<void> {
  const renew = async (): Promise<void> => {
    const made = await renewViewerSalts(database);
    if (made > 0) logger.info(`made ${made} salts of viewers`, { event: 'viewer_salts.made', made });
  };
  return every(EVERY_MS, renew, {
    onError(error) {
      if (error instanceof DependencyUnavailable) return;
      logger.warn('salts of viewers could not be made; retried in a minute', { event: 'viewer_salts.failed', error });
    },
  }).stop;
}
