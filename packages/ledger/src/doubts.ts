import type { Database } from './dependencies.js';

/*
 * A doubt is a row in Postgres. It means that counters in Redis may be behind Postgres, and analytics trusts Redis only while
 * no doubt exists. It is in Postgres because a writer that cannot reach Redis must be able to warn a reader that can.
 */

/** A doubt as a rebuild read it at its start. */
export interface Doubt {
  readonly writer: string;
  readonly stamp: number;
}

/** Raises a doubt, or renews its stamp, so that a rebuild in progress does not delete it. */
export async function raiseDoubt(database: Database, writer: string): Promise<void> {
  await database.query(
    'raise_doubt',
    `INSERT INTO counter_doubts (writer) VALUES ($1)
     ON CONFLICT (writer) DO UPDATE SET stamp = DEFAULT, since = now()`,
    [writer],
  );
}

/** Deletes the doubt of a writer that has raised all counters that it committed. */
export async function settleDoubt(database: Database, writer: string): Promise<void> {
  await database.query('settle_doubt', 'DELETE FROM counter_doubts WHERE writer = $1', [writer]);
}

/** All current doubts. */
export async function readDoubts(database: Database): Promise<Doubt[]> {
  return await database.query<Doubt>('read_doubts', 'SELECT writer, stamp FROM counter_doubts');
}

/** Deletes the doubts that a rebuild healed: those that were not renewed since it read them. */
export async function healDoubts(database: Database, doubts: readonly Doubt[]): Promise<void> {
  await database.query(
    'heal_doubts',
    `DELETE FROM counter_doubts
     USING unnest($1::text[], $2::bigint[]) AS seen (writer, stamp)
     WHERE counter_doubts.writer = seen.writer AND counter_doubts.stamp = seen.stamp`,
    [doubts.map((doubt) => doubt.writer), doubts.map((doubt) => doubt.stamp)],
  );
}
