import { setTimeout as delay } from 'node:timers/promises';
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
import { createSetBackWatch } from './set-back.js';

export interface KeepCountersOptions {
  readonly database: Database;
  readonly store: CounterStore;
  /** Milliseconds since the epoch: no window is behind it. */
  readonly now: () => number;
  /** Called with the identity of the ledger at each look that could read it. */
  readonly onLedger: (ledger: LedgerIdentity) => void;
  /** Told at each look whether they are. */
  readonly onTrust: (trusted: boolean) => void;
  /** Told why the counters are not to be trusted, once for each reason. */
  readonly onDistrust: (reason: string) => void;
  readonly onRebuild: (rebuild: Rebuild, milliseconds: number) => void;
  readonly onFailure: (error: unknown) => void;
  /** Told when a look did not fail. */
  readonly onLooked: () => void;
}

const LOOK_EVERY_MS = 500;

/** A writer that lives settles its doubt well before; what is older was left by one that died or failed. */
const LASTING_SECONDS = 5;

/** The doubt about counters that were left out by a clock that was ahead; every consumer that notices renews the same. */
const SET_BACK = 'the clock was set back';

/** After a rebuild that was no use: whatever prevents it is likely to be there still. */
const PAUSE_MS = 2_000;

/**
 * Keeps the counters in Redis trusted: rebuilds them from Postgres whenever they are missing, from another life of the
 * server, of another ledger than the database is now, or doubted. Every consumer does this; the token of the rebuild makes
 * sure that one does it at a time.
 *
 * @returns stops it
 */
export function keepCounters(options: KeepCountersOptions): () => Promise<void> {
  const { database, store, now, onLedger, onTrust, onDistrust, onRebuild, onFailure, onLooked } = options;
  const stopping = new AbortController();
  const isSetBack = createSetBackWatch(now);
  let lastReason: string | undefined;
  let lastLedger: LedgerIdentity | undefined;

  async function reasonToRebuild(): Promise<string | undefined> {
    const { ledger, doubted } = await readStanding(database, LASTING_SECONDS);
    lastLedger = ledger;
    if (ledger === undefined) return NO_IDENTITY;
    onLedger(ledger);
    await keepInUse(store.shards(), ledger);
    const trust = await readTrust(store.shards(), ledger);
    if (trust.state === 'untrusted') return trust.reason;
    if (isSetBack()) await raiseDoubt(database, SET_BACK);
    return doubted ? 'a writer committed events and may not have counted them' : undefined;
  }

  /** What Redis alone can tell, while Postgres can't be asked: the database is taken for the one that it was. */
  async function noteLoss(): Promise<void> {
    if (lastLedger === undefined) return;
    const trust = await readTrust(store.shards(), lastLedger);
    if (trust.state === 'untrusted') note(trust.reason);
  }

  function note(reason: string | undefined): void {
    onTrust(reason === undefined);
    if (reason !== undefined && reason !== lastReason) onDistrust(reason);
    lastReason = reason;
  }

  /** True when there was nothing to do, or it is done. */
  async function look(): Promise<boolean> {
    // Without Redis there is nothing to keep; its breaker and the health page tell of it.
    const shards = store.shards();
    if (shards.length === 0 || shards.some((shard) => shard.lifetime() === undefined)) {
      onTrust(false);
      return true;
    }
    const reason = await reasonToRebuild().catch(async (error) => {
      await noteLoss();
      throw error;
    });
    note(reason);
    if (reason === undefined) return true;
    if (shards.some((shard) => shard.evicts())) return false;
    const began = performance.now();
    const rebuild = await rebuildCounters(database, store, now, stopping.signal);
    onRebuild(rebuild, performance.now() - began);
    return rebuild.state === 'done';
  }

  async function keep(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      let settled = false;
      try {
        settled = await look();
        onLooked();
      } catch (error) {
        // A rebuild that was broken off by our end is another's to do.
        if (!signal.aborted) onFailure(error);
      }
      await delay(settled ? LOOK_EVERY_MS : PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  const keeping = keep();

  return async () => {
    stopping.abort();
    await keeping;
  };
}
