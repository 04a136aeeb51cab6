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
 * Makes batches durable: in JetStream, else straight in Postgres, else not at all. A publish that failed may have arrived
 * all the same, and a batch may go both ways at once; the ids see to it that it counts once.
 *
 * A publish that was not answered took its callers' time, so the next batches go to Postgres first. One of them at a time
 * is published as well, and nobody waits for that: when it is acknowledged, JetStream comes first again. A ping could not
 * tell: a leader that was cut off from its followers answers it, and acknowledges nothing.
 *
 * @param isTimeout true for a publish that was not answered in time; what is refused at once costs no time
 */
export function createAcceptor(
  { publish, record }: AcceptDependencies,
  isTimeout: (error: unknown) => boolean,
): (events: readonly AdEvent[]) => Promise<Acceptance[]> {
  let answers = true;
  let trying = false;

  /** True when JetStream has the batch. Its breaker, metrics and health page show why it has not. */
  async function published(events: readonly AdEvent[]): Promise<boolean> {
    try {
      await publish(events);
      answers = true;
      return true;
    } catch (error) {
      if (isTimeout(error)) answers = false;
      return false;
    }
  }

  async function tryOut(events: readonly AdEvent[]): Promise<void> {
    if (trying) return;
    trying = true;
    await published(events);
    trying = false;
  }

  return async (events) => {
    const jetStreamFirst = answers;
    if (jetStreamFirst && (await published(events))) return events.map(() => ({ state: 'durable', by: 'jetstream' }));
    if (!jetStreamFirst) void tryOut(events);
    try {
      const { unknownAds } = await record(events);
      return events.map((event) =>
        unknownAds.has(event.adId) ? { state: 'unknown ad' } : { state: 'durable', by: 'postgres' },
      );
    } catch (cause) {
      if (!jetStreamFirst && (await published(events))) {
        return events.map(() => ({ state: 'durable', by: 'jetstream' }));
      }
      return events.map(() => ({ state: 'unavailable', cause }));
    }
  };
}
