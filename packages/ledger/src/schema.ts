import { type DependencyHealth, every, type ProcessContext } from '@ads/runtime';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

/** The number of the newest migration in `migrations`. */
export const SCHEMA = 27;

const READ_SCHEMA = readText('sql/read-schema.sql');
const EVERY_MS = 1_000;

/** The errors of Postgres before any migration ran, and before migration 26, which lets the services read them. */
const TOO_OLD: readonly unknown[] = ['42P01', '42501'];

const RIGHTS =
  'run the migrations, then infra/postgres/grant-services.sql, because the role may not read the migrations';

/** Reads the number of the newest migration that ran, or 0 if it is older than 26. @throws DependencyUnavailable */
export async function readSchema(database: Database): Promise<number> {
  try {
    const [row] = await database.query<{ schema: number }>('read_schema', READ_SCHEMA);
    return row?.schema ?? 0;
  } catch (error) {
    if (TOO_OLD.includes((error as { code?: unknown }).code)) return 0;
    throw error;
  }
}

/**
 * Waits in the background until the migrations that this version needs have run. A rollout stops at the first process that is
 * not ready, so a version cannot replace its predecessor before the schema has. Later the schema is not read again: a restored
 * database must not take all processes out of traffic.
 *
 * @returns the reason why the process must not be ready; undefined if it may. Without Postgres the schema cannot be known, and
 * events may wait in the queue
 */
export function awaitSchema(
  { conditions, shutdown }: Pick<ProcessContext<object>, 'conditions' | 'shutdown'>,
  database: Database & { health(): DependencyHealth },
): () => string | undefined {
  const condition = conditions.declare('schema_old');
  let reason: string | undefined = 'the schema of Postgres has not been read';
  let isRead = false;
  const check = async (): Promise<void> => {
    const schema = await readSchema(database);
    isRead = true;
    if (schema >= SCHEMA) {
      reason = undefined;
      condition.clear();
      void checking.stop();
      return;
    }
    reason = `the schema of Postgres is at migration ${schema}, and this version needs ${SCHEMA}: ${schema === 0 ? RIGHTS : 'run the migrations'}`;
    condition.hold(reason);
  };
  // A failure of Postgres shows in its health.
  const checking = every(EVERY_MS, check, { onError: () => undefined });
  shutdown.add('schema', checking.stop);
  return () => (isRead || database.health().status === 'up' ? reason : undefined);
}
