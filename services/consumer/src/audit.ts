import {
  type AuditSample,
  auditCounters,
  type CounterStore,
  type Database,
  type Difference,
  readStanding,
  renewIdentity,
} from '@ads/ledger';
import type { LedgerIdentity } from '@ads/models';

/*
 * Compares Redis with Postgres continuously: some recently recorded ads each time, and all other ads in turn.
 *
 *   ahead   Redis has more than Postgres had when it was read later. The counter is always wrong.
 *   behind  Redis has less. That is normal between the commit of a batch and its raise, so the counter becomes a suspect. A
 *           suspect counts as wrong if after 15 s it is still below the Postgres count that was first read, and neither a message
 *           that has been in the queue since then nor a doubt explains it. Redis is not trusted while a doubt exists.
 *
 * A wrong counter ends the trust in all counters: the ledger gets a new identity, and Redis is refilled.
 */

/** The first and the last sequence number of the event stream. */
export interface Sequences {
  readonly first: number;
  readonly last: number;
}

/** The ways in which a counter in Redis is wrong. */
export const DIRECTIONS = ['ahead', 'behind', 'unreadable'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Notified by each audit. */
export interface AuditObserver {
  /** Called with the number of compared ads. */
  onAudited(ads: number): void;
  /** Called with a wrong counter, after the counters became untrusted. */
  onMismatch(difference: Difference, direction: Direction): void;
}

export interface AuditOptions {
  readonly database: Database;
  readonly store: CounterStore;
  /** @throws when JetStream is unavailable; then no suspect is judged */
  readonly readSequences: () => Promise<Sequences>;
  /** Ads that were recorded lately. */
  readonly recentAds: () => readonly string[];
  /** Milliseconds for which a counter may be behind. */
  readonly lastingMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly observer: AuditObserver;
}

/** Number of ads per audit that are compared in turn. */
const ADS_IN_TURN = 50;

/** Maximum number of suspects. One that is confirmed makes all counters untrusted. */
const MOST_SUSPECTS = 20;

/** Range of random fields. Older fields are about to leave their window, and a rebuild may leave them out. */
const MINUTES_BACK = 45;
const HOURS_BACK = 20;

interface Suspect {
  readonly difference: Difference;
  /** Time at which it was found, by `performance.now()`. */
  readonly since: number;
  /** The last message of the stream when the suspect was found; undefined until it was read. */
  lastMessage: number | undefined;
}

interface StartRow {
  readonly ledger: LedgerIdentity | null;
  readonly doubted: boolean;
  /** Seconds since the epoch, by the clock of Postgres. */
  readonly now: number;
  readonly ad_ids: readonly string[];
}

/** The state of Postgres at the start of an audit, and the next ads in turn. */
interface Start extends Pick<StartRow, 'doubted' | 'now'> {
  readonly ledger: LedgerIdentity | undefined;
  readonly adIds: readonly string[];
}

/** @returns runs one audit. Throws when Postgres or Redis is unavailable */
export function createAudit(options: AuditOptions): () => Promise<void> {
  const { database, store, readSequences, recentAds, lastingMs, random, observer } = options;
  let suspects = new Map<string, Suspect>();
  let suspectsOf: LedgerIdentity | undefined;
  let cursor = '';

  async function readStart(): Promise<Start> {
    const [row] = await database.query<StartRow>(
      'audit_start',
      `SELECT current_ledger() AS ledger, EXISTS (SELECT FROM counter_doubts) AS doubted,
         extract(epoch FROM now())::float8 AS now,
         ARRAY(SELECT ad_id FROM ad_totals WHERE ad_id > $1 ORDER BY ad_id LIMIT $2) AS ad_ids`,
      [cursor, ADS_IN_TURN],
    );
    const { ledger, doubted = true, now = 0, ad_ids: adIds = [] } = row ?? {};
    return { ledger: ledger ?? undefined, doubted, now, adIds };
  }

  /** The current and the last field, a random older one, and those of suspects. */
  function sampleOf(now: number, inTurn: readonly string[]): AuditSample {
    const minute = Math.floor(now / 60);
    const hour = Math.floor(minute / 60);
    const minutes = new Set([minute, minute - 1, minute - Math.floor(random() * MINUTES_BACK)]);
    const hours = new Set([hour, hour - 1, hour - Math.floor(random() * HOURS_BACK)]);
    const adIds = new Set([...recentAds(), ...inTurn]);
    for (const { difference } of suspects.values()) {
      adIds.add(difference.adId);
      if (difference.counter === 'second') minutes.add(Math.floor(difference.bucket / 60));
      if (difference.counter === 'minute') hours.add(Math.floor(difference.bucket / 60));
    }
    return { adIds: [...adIds], minutes: [...minutes], hours: [...hours] };
  }

  /** Keeps suspects that are still below their first count of Postgres, and adds new ones. */
  function updateSuspects(differences: readonly Difference[]): void {
    const still = new Map<string, Suspect>();
    for (const difference of differences) {
      const { adId, column, counter, bucket, redis } = difference;
      const key = `${adId} ${column} ${counter} ${bucket}`;
      const known = suspects.get(key);
      if (known !== undefined && redis < known.difference.postgres) still.set(key, known);
      else if (still.size < MOST_SUSPECTS) {
        still.set(key, { difference, since: performance.now(), lastMessage: undefined });
      }
    }
    suspects = still;
  }

  /**
   * Suspects that count as wrong, because nothing explains them any longer.
   *
   * @param doubted whether a doubt existed before Redis was read: a rebuild may have healed it since
   */
  async function confirmed(doubted: boolean): Promise<Difference[]> {
    if (suspects.size === 0) return [];
    const { first, last } = await readSequences();
    const lasting = [...suspects.values()].filter((suspect) => {
      const isExplained = suspect.lastMessage === undefined || first <= suspect.lastMessage;
      suspect.lastMessage ??= last;
      return !isExplained && performance.now() - suspect.since >= lastingMs;
    });
    if (lasting.length === 0 || doubted || (await readStanding(database)).doubted) return [];
    return lasting.map(({ difference }) => difference);
  }

  return async () => {
    const { ledger, doubted, now, adIds } = await readStart();
    cursor = adIds.length < ADS_IN_TURN ? '' : (adIds.at(-1) ?? '');
    if (ledger !== suspectsOf) suspects.clear();
    suspectsOf = ledger;
    if (ledger === undefined) return;
    const sample = sampleOf(now, adIds);
    const differences = await auditCounters(database, store, ledger, sample);
    if (differences === undefined) {
      suspects.clear();
      return;
    }
    observer.onAudited(sample.adIds.length);
    const wrong: [Difference, Direction][] = differences
      .filter(({ redis, postgres }) => !(redis < postgres))
      .map((difference) => [difference, Number.isNaN(difference.redis) ? 'unreadable' : 'ahead']);
    updateSuspects(differences.filter(({ redis, postgres }) => redis < postgres));
    if (wrong.length === 0) {
      for (const difference of await confirmed(doubted).catch(() => [])) wrong.push([difference, 'behind']);
    }
    if (wrong.length === 0) return;
    // If several consumers find the same counter, only the one that renews the identity reports it.
    if (!(await renewIdentity(database, ledger))) return;
    suspects.clear();
    for (const [difference, direction] of wrong) observer.onMismatch(difference, direction);
  };
}
