import {
  type CounterStore,
  type Database,
  keepInUse,
  NO_IDENTITY,
  type Rebuild,
  raiseDoubt,
  readStanding,
  readTrust,
  rebuildCounters,
} from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';
import { every } from '@ads/runtime';
import { createSetBackWatch } from './set-back.js';

/** Observes the checks of the counters. */
export interface CountersObserver {
  /** The identity of the ledger was read. */
  onLedger(ledger: LedgerIdentity): void;
  /** The check found out whether the counters are trusted. */
  onTrust(trusted: boolean): void;
  /** The counters are not trusted, once for each reason. */
  onDistrust(reason: string): void;
  onRebuild(rebuild: Rebuild, milliseconds: number): void;
  /** The check failed; the next one follows in 2 s. */
  onFailure(error: unknown): void;
  /** The check succeeded. */
  onSuccess(): void;
}

export interface KeepCountersOptions {
  readonly database: Database;
  readonly store: CounterStore;
  /** Milliseconds since the epoch; never later than the start of any reader's windows. */
  readonly now: () => number;
  readonly observer: CountersObserver;
}

const CHECK_EVERY_MS = 500;

/** A live writer deletes its doubt sooner. An older doubt belongs to a writer that died or whose raise failed. */
const LASTING_SECONDS = 5;

/** The writer name of the doubt that is stored when a clock was set back. All consumers share it. */
const CLOCK_SET_BACK = 'the clock was set back';

/** Pause after an interrupted rebuild, because its cause probably continues. */
const PAUSE_MS = 2_000;

/**
 * Keeps the counters in Redis trusted. It rebuilds them from Postgres when they are missing, doubted, from another instance
 * of the Redis server, or from another ledger than the current one. Every consumer does this. A rebuild token in Redis lets
 * one consumer rebuild at a time.
 *
 * @returns stops it
 */
export function keepCounters(options: KeepCountersOptions): () => Promise<void> {
  const { database, store, now, observer } = options;
  const isSetBack = createSetBackWatch(now);
  let lastReason: string | undefined;
  let lastLedger: LedgerIdentity | undefined;

  async function reasonToRebuild(): Promise<string | undefined> {
    const { ledger, doubted } = await readStanding(database, LASTING_SECONDS);
    lastLedger = ledger;
    if (ledger === undefined) return NO_IDENTITY;
    observer.onLedger(ledger);
    await keepInUse(store.shards(), ledger);
    const trust = await readTrust(store.shards(), ledger);
    if (trust.state === 'untrusted') return trust.reason;
    if (isSetBack()) await raiseDoubt(database, CLOCK_SET_BACK);
    return doubted ? 'a writer committed events and may not have raised their counters' : undefined;
  }

  /** While Postgres is unavailable: checks only Redis, for the last known ledger. */
  async function noteLoss(): Promise<void> {
    if (lastLedger === undefined) return;
    const trust = await readTrust(store.shards(), lastLedger);
    if (trust.state === 'untrusted') note(trust.reason);
  }

  function note(reason: string | undefined): void {
    observer.onTrust(reason === undefined);
    if (reason !== undefined && reason !== lastReason) observer.onDistrust(reason);
    lastReason = reason;
  }

  /** True if the counters are trusted, or a rebuild finished. */
  async function check(signal: AbortSignal): Promise<boolean> {
    // Redis is unavailable: its breaker logs that.
    const shards = store.shards();
    if (
      shards.length === 0 ||
      shards.some((shard) => shard.instanceId() === undefined && shard.unfit() === undefined)
    ) {
      observer.onTrust(false);
      return true;
    }
    const reason = await reasonToRebuild().catch(async (error) => {
      await noteLoss();
      throw error;
    });
    note(reason);
    if (reason === undefined) return true;
    if (shards.some((shard) => shard.unfit() !== undefined)) return false;
    const began = performance.now();
    const rebuild = await rebuildCounters(database, store, now, signal);
    observer.onRebuild(rebuild, performance.now() - began);
    return rebuild.state === 'done';
  }

  let settled = false;
  const checks = every(
    () => (settled ? CHECK_EVERY_MS : PAUSE_MS),
    async (signal) => {
      settled = false;
      settled = await check(signal);
      observer.onSuccess();
    },
    { onError: observer.onFailure },
  );
  return checks.stop;
}
