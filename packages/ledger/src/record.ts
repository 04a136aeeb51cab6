import type { AdEvent, EventKind } from '@ads/models';
import type { AdCounts } from './counts.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const RECORD_BATCH = readText('sql/record-batch.sql');

/** What one batch did to Postgres. */
export interface Recorded {
  /** The absolute counts of every bucket that the batch touches, by ad, also of those that it added nothing to. */
  readonly counts: readonly AdCounts[];
  /** How many events were new, by ad and kind. */
  readonly added: readonly Added[];
  /** Ads that are not in the catalogue: their events were left out. */
  readonly unknownAds: ReadonlySet<string>;
}

/** New events of one ad in one batch. */
export interface Added extends Record<EventKind, number> {
  readonly adId: string;
}

interface ResultRow {
  what: 'second' | 'minute' | 'clicks' | 'impressions' | 'recorded' | 'unknown ad';
  ad_id: string;
  bucket: number;
  count: number;
}

/**
 * Writes a batch of events and their rollups in one transaction. An event that is there already changes nothing.
 *
 * @param doubt left in `counter_doubts` by the same transaction, for a writer whose crash no redelivery would heal
 * @throws what `query` throws; nothing was written then, or everything was and the answer got lost
 */
export async function recordBatch(database: Database, events: readonly AdEvent[], doubt?: string): Promise<Recorded> {
  const rows = await database.query<ResultRow>('record_batch', RECORD_BATCH, [
    events.map((event) => event.id),
    events.map((event) => event.kind),
    events.map((event) => event.adId),
    events.map((event) => event.ip),
    events.map((event) => event.occurredAt),
    events.map((event) => event.receivedAt),
    events.map((event) => event.claimedAt ?? null),
    events.map((event) => event.playTime ?? null),
    doubt ?? null,
  ]);
  return readRows(rows);
}

function readRows(rows: readonly ResultRow[]): Recorded {
  const counts = new Map<string, AdCounts>();
  const added: Added[] = [];
  const unknownAds = new Set<string>();
  for (const { what, ad_id: adId, bucket, count } of rows) {
    if (what === 'unknown ad') {
      unknownAds.add(adId);
    } else if (what === 'recorded') {
      added.push({ adId, click: bucket, impression: count - bucket });
    } else {
      const ad = counts.get(adId) ?? { adId, clicks: 0, impressions: 0, seconds: [], minutes: [] };
      counts.set(adId, ad);
      if (what === 'second') ad.seconds.push([bucket, count]);
      else if (what === 'minute') ad.minutes.push([bucket, count]);
      else ad[what] = count;
    }
  }
  return { counts: [...counts.values()], added, unknownAds };
}
