import { EVENT_STREAM, streamSettings, totalsKey } from '@ads/models';
import type { StreamConfig } from 'nats';
import type { Servers } from './stack.js';

/** Takes every event and counter away, from all three; nobody may be using them. The catalogue stays. */
export async function emptyAll({ database, store, queue }: Servers): Promise<void> {
  const manager = await queue.jetstreamManager();
  for (const { config } of await manager.streams.list().next()) await manager.streams.purge(config.name);
  await database.query('TRUNCATE ad_events, clicks_per_second, clicks_per_minute, ad_totals, counter_doubts');
  // Else it would come while somebody is measured.
  await database.query('CHECKPOINT');
  await store.flushall();
}

/** The event stream, as ingest makes it at its first start. */
export async function makeEventStream({ queue }: Servers): Promise<void> {
  const manager = await queue.jetstreamManager();
  for (const settings of streamSettings({ replicas: 1, maxBytes: -1 })) {
    await manager.streams.add(settings as Partial<StreamConfig>);
  }
}

/** What the event stream holds. */
export async function readQueue({ queue }: Servers): Promise<{ messages: number; bytes: number }> {
  const manager = await queue.jetstreamManager();
  const { state } = await manager.streams.info(EVENT_STREAM);
  return { messages: state.messages, bytes: state.bytes };
}

/** All clicks that Postgres has as rows, and that Redis has counted. */
export async function countClicks(
  { database, store }: Servers,
  adIds: readonly string[],
): Promise<{ rows: number; counted: number }> {
  const { rows } = await database.query<{ rows: number }>('SELECT count(*)::integer AS rows FROM ad_events');
  const pipeline = store.pipeline();
  for (const adId of adIds) pipeline.hget(totalsKey(adId), 'clicks');
  const totals = (await pipeline.exec()) ?? [];
  const counted = totals.reduce((sum, [, clicks]) => sum + Number(clicks ?? 0), 0);
  return { rows: rows[0]?.rows ?? 0, counted };
}
