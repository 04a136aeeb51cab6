import { randomUUID } from 'node:crypto';
import type { AdEvent } from '@ads/models';
import type { CounterStore, RecordingDatabase } from './dependencies.js';
import { raiseDoubt, settleDoubt } from './doubts.js';
import { batchForGate, recordThroughGate } from './gate.js';
import type { GateRules } from './judge-clicks.js';
import { createLabelValues } from './label-values.js';
import { raiseCounters } from './raise.js';
import { type Recorded, type RecordOptions, recordBatch } from './record.js';
import { countReusedSessions } from './session-reuse.js';

/** The result of a batch. Its events are durable, and its counters are raised or a doubt exists. */
export type Outcome = Pick<Recorded, 'added' | 'invalid' | 'unknownAds'> & {
  /** Repeated events of sessions that came from another viewer than the stored one. */
  readonly reused: number;
};

export interface Ledger {
  /**
   * Records a batch from the queue, which delivers it again if this process dies before the acknowledgement.
   *
   * @throws if the batch may not have been committed; recording it again is safe
   */
  recordQueued(events: readonly AdEvent[]): Promise<Outcome>;
  /**
   * Records a batch that only this process holds. Throws like `recordQueued`.
   *
   * The transaction leaves a doubt, which is deleted after the raise. If this process dies in between, the doubt stays and a
   * consumer rebuilds the counters.
   */
  recordUnqueued(events: readonly AdEvent[]): Promise<Outcome>;
}

export interface LedgerDependencies {
  readonly database: RecordingDatabase;
  readonly store: CounterStore;
  /** Undefined: clicks do not pass the gate. */
  readonly gate?: GateRules | undefined;
  /** Maximum number of values per ad and label that are counted by name. */
  readonly maxLabelValues: number;
  /** Minutes for which counts per minute are kept. */
  readonly minutesKept: number;
  /** Milliseconds since the epoch; never later than the start of any reader's windows. */
  readonly now: () => number;
  /** Called when counters could not be raised; a rebuild heals them. */
  readonly onRaiseFailure: (error: unknown) => void;
  /** Called when reused sessions could not be counted; the batch is recorded. */
  readonly onReuseFailure?: (error: unknown) => void;
}

/** Attempts to record a batch, if the database is replaced after the values of labels were registered. */
const ATTEMPTS = 3;

/** Records events: first in Postgres, then in the counters in Redis. */
export function createLedger(dependencies: LedgerDependencies): Ledger {
  const { database, store, gate, maxLabelValues, minutesKept, now, onRaiseFailure } = dependencies;
  const { onReuseFailure = () => undefined } = dependencies;
  const writer = randomUUID();
  const labelValues = createLabelValues(database, maxLabelValues);
  // While raises fail, batches write the doubt in their own transaction: no reader trusts Redis in between.
  let raisesFail = false;

  /**
   * Raises the counts of a batch. If that fails, a doubt is durable before any message is acknowledged.
   * @returns true when the counts were raised
   */
  async function raise(recorded: Recorded, doubt: string | undefined): Promise<boolean> {
    try {
      // Without an identity Redis is not trusted; a rebuild follows once the database has one.
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

  async function recordOnce(events: readonly AdEvent[], options: RecordOptions): Promise<Recorded> {
    const batch = gate === undefined ? undefined : batchForGate(events);
    if (gate === undefined || batch === undefined) return await recordBatch(database, events, options);
    return await recordThroughGate(database, batch, gate, options);
  }

  async function record(events: readonly AdEvent[], doubt: string | undefined): Promise<Recorded> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const expected = await labelValues.register(events);
      const recorded = await recordOnce(events, { doubt, ledger: expected, minutesKept });
      if (expected === undefined || expected === (recorded.ledger ?? '')) return recorded;
      labelValues.forget();
    }
    throw new Error('the database was replaced several times while a batch was recorded');
  }

  async function reuseIn(events: readonly AdEvent[], recorded: Recorded): Promise<number> {
    return await countReusedSessions(database, events, recorded).catch((error: unknown) => {
      onReuseFailure(error);
      return 0;
    });
  }

  return {
    async recordQueued(events) {
      const doubt = raisesFail ? writer : undefined;
      const recorded = await record(events, doubt);
      await raise(recorded, doubt);
      return { ...recorded, reused: await reuseIn(events, recorded) };
    },

    async recordUnqueued(events) {
      // While raises fail, all batches share one doubt, which only a rebuild may delete.
      const doubt = raisesFail ? writer : randomUUID();
      const recorded = await record(events, doubt);
      const raised = await raise(recorded, doubt);
      // A doubt that cannot be deleted costs a rebuild, not the batch.
      if (raised && doubt !== writer) await settleDoubt(database, doubt).catch(onRaiseFailure);
      return { ...recorded, reused: await reuseIn(events, recorded) };
    },
  };
}
