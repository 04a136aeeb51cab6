import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AdEvent } from '@ads/models';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** The number of rows per transaction, equal to that of the consumer. */
const ROWS_AT_ONCE = 2_000;

/** Inserts rows only: no check for duplicates, no counting. */
const UNNEST = `INSERT INTO ad_events (id, kind, ad_id, ip, occurred_at, received_at, placement, source, device)
SELECT id, kind, ad_id, ip, to_timestamp(occurred / 1000.0), to_timestamp(received / 1000.0), placement, source, device
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::inet[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[])
  AS event (id, kind, ad_id, ip, occurred, received, placement, source, device)`;

/** Uses one connection and one transaction per batch. @param onBatch is called with the number of committed rows */
export async function insertRows(
  database: pg.Pool,
  events: readonly AdEvent[],
  onBatch: (rows: number) => void,
): Promise<void> {
  const client = await database.connect();
  try {
    for (let first = 0; first < events.length; first += ROWS_AT_ONCE) {
      const batch = events.slice(first, first + ROWS_AT_ONCE);
      const values = [
        batch.map(({ id }) => id),
        batch.map(({ kind }) => kind),
        batch.map(({ adId }) => adId),
        batch.map(({ ip }) => ip),
        batch.map(({ occurredAt }) => occurredAt),
        batch.map(({ receivedAt }) => receivedAt),
        ...(['placement', 'source', 'device'] as const).map((label) => batch.map(({ labels }) => labels?.[label])),
      ];
      await client.query({ name: 'bare_rows', text: UNNEST, values });
      onBatch(first + batch.length);
    }
  } finally {
    client.release();
  }
}

/** Uses one connection and one transaction, which is the best case of COPY. */
export async function copyRows(database: pg.Pool, events: readonly AdEvent[]): Promise<void> {
  const client = await database.connect();
  try {
    const into = client.query(
      copyFrom('COPY ad_events (id, kind, ad_id, ip, occurred_at, received_at, placement, source, device) FROM STDIN'),
    );
    await pipeline(Readable.from(copyTexts(events)), into);
  } finally {
    client.release();
  }
}

function* copyTexts(events: readonly AdEvent[]): Generator<string> {
  const time = (milliseconds: number) => new Date(milliseconds).toISOString();
  for (let first = 0; first < events.length; first += ROWS_AT_ONCE) {
    const lines = events
      .slice(first, first + ROWS_AT_ONCE)
      .map(({ id, kind, adId, ip, occurredAt, receivedAt, labels }) =>
        [
          ...[id, kind, adId, ip, time(occurredAt), time(receivedAt)],
          ...[labels?.placement, labels?.source, labels?.device].map((label) => label ?? '\\N'),
        ].join('\t'),
      );
    yield `${lines.join('\n')}\n`;
  }
}
