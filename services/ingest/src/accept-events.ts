import type { Outcome } from '@ads/ledger';
import type { AdEvent } from '@ads/models';

/** What became of one event. `unavailable` and `unknown ad`: it was not kept, and must not be answered with 202. */
export type Acceptance =
  | { readonly state: 'durable'; readonly by: 'jetstream' | 'postgres' }
  | { readonly state: 'unknown ad' }
  | { readonly state: 'unavailable'; readonly cause: unknown };

export interface AcceptDependencies {
  /** Resolves when JetStream acknowledged the batch as one message. Rejects when it may not have it. */
  readonly publish: (events: readonly AdEvent[]) => Promise<void>;
  /** Resolves when Postgres committed the batch. */
  readonly record: (events: readonly AdEvent[]) => Promise<Outcome>;
}

/**
 * Makes a batch durable: in JetStream, else straight in Postgres, else not at all. A publish that failed may have
 * arrived all the same; the ids see to it that the batch counts once, whichever ways it went.
 */
export async function acceptEvents(
  { publish, record }: AcceptDependencies,
  events: readonly AdEvent[],
): Promise<Acceptance[]> {
  try {
    await publish(events);
    return events.map(() => ({ state: 'durable', by: 'jetstream' }));
  } catch {
    // Why NATS failed is told by its breaker, its metrics and the health page; here only the way changes.
  }
  try {
    const { unknownAds } = await record(events);
    return events.map((event) =>
      unknownAds.has(event.adId) ? { state: 'unknown ad' } : { state: 'durable', by: 'postgres' },
    );
  } catch (cause) {
    return events.map(() => ({ state: 'unavailable', cause }));
  }
}
