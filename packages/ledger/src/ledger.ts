import { randomUUID } from 'node:crypto';
import type { AdEvent } from '@ads/models';
import type { CounterStore, Database } from './dependencies.js';
import { raiseDoubt, settleDoubt } from './doubts.js';
import { raiseCounters } from './raise.js';
import { type Recorded, recordBatch } from './record.js';

/** What the ledger tells of a batch, when it is durable and, as far as Redis could be reached, counted. */
export type Outcome = Pick<Recorded, 'added' | 'unknownAds'>;

export interface Ledger {
  /**
   * Records a batch that will come again if this process dies before it acknowledges it: the queue's.
   *
   * @throws when the batch may not have been committed; recording it again is safe
   */
  recordQueued(events: readonly AdEvent[]): Promise<Outcome>;
  /**
   * Records a batch that nobody holds but this process. Throws as above.
   *
   * The transaction leaves a doubt behind, taken away when the counters were raised: if this process dies in between,
   * the doubt stays, and whoever keeps the counters rebuilds them.
   */
  recordUnqueued(events: readonly AdEvent[]): Promise<Outcome>;
}

export interface LedgerDependencies {
  readonly database: Database;
  readonly store: CounterStore;
  /** Milliseconds since the epoch: no window is behind it. */
  readonly now: () => number;
  /** Told when counters could not be raised; they are healed by a rebuild. */
  readonly onRaiseFailure: (error: unknown) => void;
}

/** The way into the books: Postgres first, then the counters in Redis. */
export function createLedger({ database, store, now, onRaiseFailure }: LedgerDependencies): Ledger {
  const writer = randomUUID();
  // While raises fail, batches carry their doubt with them: no reader believes Redis in between.
  let raisesFail = false;

  /**
   * Raises what was recorded; else makes sure, before anything is acknowledged, that a doubt about it is durable.
   * True when it was raised.
   */
  async function raise(recorded: Recorded, doubt: string | undefined): Promise<boolean> {
    try {
      // Without one nothing in Redis is trusted, and a rebuild follows when it is back.
      if (recorded.ledger === undefined) throw new Error('the database has no ledger identity');
      await raiseCounters(store, recorded.ledger, recorded.counts, now());
      raisesFail = false;
      return true;
    } catch (error) {
      raisesFail = true;
      onRaiseFailure(error);
      if (doubt === undefined) await raiseDoubt(database, writer);
      return false;
    }
  }

  return {
    async recordQueued(events) {
      const doubt = raisesFail ? writer : undefined;
      const recorded = await recordBatch(database, events, doubt);
      await raise(recorded, doubt);
      return recorded;
    },

    async recordUnqueued(events) {
      // While raises fail, one doubt serves all batches, and only a rebuild may take it away.
      const doubt = raisesFail ? writer : randomUUID();
      const recorded = await recordBatch(database, events, doubt);
      const raised = await raise(recorded, doubt);
      // A doubt that could not be taken away costs a rebuild, not the batch.
      if (raised && doubt !== writer) await settleDoubt(database, doubt).catch(onRaiseFailure);
      return recorded;
    },
  };
}
