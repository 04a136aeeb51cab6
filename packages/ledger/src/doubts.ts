import type { Database } from './dependencies.js';

/*
 * A doubt is a row in Postgres that says: what is in Redis may be less than what is here. Analytics believes Redis only
 * while there is none. Both see it: a writer that can't reach Redis, and a reader that can.
 */

/** A doubt as a rebuild saw it when it began. */
export interface Doubt {
  readonly writer: string;
  readonly stamp: number;
}

/** Raises a doubt, or renews it, so that a rebuild that is under way already doesn't take it away. */
export async function raiseDoubt(database: Database, writer: string): Promise<void> {
  await database.query(
    'raise_doubt',
    `INSERT INTO counter_doubts (writer) VALUES ($1)
     ON CONFLICT (writer) DO UPDATE SET stamp = DEFAULT, since = now()`,
    [writer],
  );
}

/** Takes away the doubt of a writer that raised what it had committed. */
export async function settleDoubt(database: Database, writer: string): Promise<void> {
  await database.query('settle_doubt', 'DELETE FROM counter_doubts WHERE writer = $1', [writer]);
}

/** All doubts at this moment. */
export async function readDoubts(database: Database): Promise<Doubt[]> {
  return await database.query<Doubt>('read_doubts', 'SELECT writer, stamp FROM counter_doubts');
}

/** Takes away what a rebuild healed: doubts that were not renewed since it saw them. */
export async function healDoubts(database: Database, doubts: readonly Doubt[]): Promise<void> {
  await database.query(
    'heal_doubts',
    `DELETE FROM counter_doubts
     USING unnest($1::text[], $2::bigint[]) AS seen (writer, stamp)
     WHERE counter_doubts.writer = seen.writer AND counter_doubts.stamp = seen.stamp`,
    [doubts.map((doubt) => doubt.writer), doubts.map((doubt) => doubt.stamp)],
  );
}
