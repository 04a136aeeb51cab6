import type { Outcome } from '@ads/ledger';
import type { AdEvent } from '@ads/models';

/** The result for one event. Only `durable` may be answered with 202. */
export type StoreResult =
  | { readonly state: 'durable'; readonly by: 'jetstream' | 'postgres' }
  | { readonly state: 'unknown ad' }
  | { readonly state: 'unavailable'; readonly cause: unknown };

export interface StoreDependencies {
  /**
   * Resolves when JetStream has acknowledged the batch, which is one message. Rejects if it is uncertain whether JetStream has
   * stored it.
   */
  readonly publish: (events: readonly AdEvent[]) => Promise<void>;
  /** Resolves when Postgres has committed the batch. */
  readonly record: (events: readonly AdEvent[]) => Promise<Outcome>;
}

/**
 * Makes batches durable in JetStream, or else in Postgres. A failed publish may still have arrived, so a batch may be
 * stored in both; its events count once because of their ids.
 *
 * After a publish timed out, the next batches go to Postgres first, because the timeout delays the clients. Meanwhile one
 * batch at a time is also published in the background. When JetStream acknowledges it, JetStream comes first again. A ping
 * cannot decide that: a leader that is cut off from its followers answers pings, but acknowledges no messages.
 *
 * @param isTimeout true for a publish that timed out, and not for one that JetStream refused at once
 */
export function createBatchStore(
  { publish, record }: StoreDependencies,
  isTimeout: (error: unknown) => boolean,
): (events: readonly AdEvent[]) => Promise<StoreResult[]> {
  let answers = true;
  let isPublishingBeside = false;

  /** True if JetStream has acknowledged the batch. Failures show in the metrics and in `/health` of NATS. */
  async function tryPublish(events: readonly AdEvent[]): Promise<boolean> {
    try {
      await publish(events);
      answers = true;
      return true;
    } catch (error) {
      if (isTimeout(error)) answers = false;
      return false;
    }
  }

  async function publishBeside(events: readonly AdEvent[]): Promise<void> {
    if (isPublishingBeside) return;
    isPublishingBeside = true;
    await tryPublish(events);
    isPublishingBeside = false;
  }

  return async (events) => {
    const jetStreamFirst = answers;
    if (jetStreamFirst && (await tryPublish(events))) return events.map(() => ({ state: 'durable', by: 'jetstream' }));
    if (!jetStreamFirst) void publishBeside(events);
    try {
      const { unknownAds } = await record(events);
      return events.map((event) =>
        unknownAds.has(event.adId) ? { state: 'unknown ad' } : { state: 'durable', by: 'postgres' },
      );
    } catch (cause) {
      if (!jetStreamFirst && (await tryPublish(events))) {
        return events.map(() => ({ state: 'durable', by: 'jetstream' }));
      }
      return events.map(() => ({ state: 'unavailable', cause }));
    }
  };
}
