import { type AdEvent, isDerived } from '@ads/models';
import { numberArray, textArray } from './array-literals.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';
import type { Recorded } from './record.js';

const COUNT_REUSED_SESSIONS = readText('sql/count-reused-sessions.sql');

/** Events of a batch that are compared: each takes Postgres some 25 µs. */
const MOST_COMPARED = 1_000;

/**
 * Counts events of a batch whose id was derived from a session and is stored already with another viewer: a cache gave one VAST
 * document to several viewers. The table `session_reuse` has them by ad and day. They are a diagnostic and not exact: at most
 * {@link MOST_COMPARED} events of a batch are compared, and a batch that is delivered again counts again.
 *
 * @param events the batch, committed
 * @returns their number
 * @throws the errors of `query`
 */
export async function countReusedSessions(
  database: Database,
  events: readonly AdEvent[],
  { added, repeated }: Pick<Recorded, 'added' | 'repeated'>,
): Promise<number> {
  const isNew = Object.values(added).reduce((sum, kind) => sum + kind, 0) === events.length;
  const compared = isNew ? [] : repeatedIn(events, repeated).slice(0, MOST_COMPARED);
  if (compared.length === 0) return 0;
  const rows = await database.query<{ reused: number }>('count_reused_sessions', COUNT_REUSED_SESSIONS, [
    textArray(compared.map(({ id }) => id)),
    textArray(compared.map(({ kind }) => kind)),
    textArray(compared.map(({ viewer = '' }) => viewer)),
    numberArray(compared.map(({ receivedAt }) => receivedAt)),
  ]);
  return rows[0]?.reused ?? 0;
}

/** The events of sessions that were stored before the batch, or that it has twice. */
function repeatedIn(events: readonly AdEvent[], stored: ReadonlySet<string>): readonly AdEvent[] {
  const ofSessions = events.filter(
    ({ id, viewer, labels }) => viewer !== undefined && labels?.session_id !== undefined && isDerived(id),
  );
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { id } of ofSessions) {
    if (seen.has(id)) twice.add(id);
    seen.add(id);
  }
  return ofSessions.filter(({ id }) => stored.has(id) || twice.has(id));
}
