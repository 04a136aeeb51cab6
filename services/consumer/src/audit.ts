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
 * Holds Redis against Postgres all the time: a few ads that were written lately, and in turn all others.
 *
 *   ahead   Redis has more than Postgres had afterwards. That is never right: the counter is wrong.
 *   behind  Redis has less. That is right for as long as a batch takes from its commit to its raise: it becomes a suspect.
 *           A suspect that has not reached after 15 seconds what Postgres had then is wrong, unless something explains it:
 *           a doubt, or a message that was in the queue when it was first seen and still is.
 *
 * What is wrong ends the trust in all counters: the ledger gets a new identity, and Redis is filled anew.
 */

/** What is read of JetStream: the first and the last message of the event stream. */
export interface Sequences {
  readonly first: number;
  readonly last: number;
}

/** How a counter in Redis is wrong. */
export const DIRECTIONS = ['ahead', 'behind', 'unreadable'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Notified by each audit. */
export interface AuditObserver {
  /** This many ads were compared. */
  onAudited(ads: number): void;
  /** This counter is wrong. The trust in Redis has ended. */
  onMismatch(difference: Difference, direction: Direction): void;
}

export interface AuditOptions {
  readonly database: Database;
  readonly store: CounterStore;
  /** @throws when JetStream can't be reached: then nothing that is behind is judged */
  readonly readSequences: () => Promise<Sequences>;
  /** Ads that were recorded lately. */
  readonly recentAds: () => readonly string[];
  /** How long a counter may be behind before it is judged, in milliseconds. */
  readonly lastingMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly observer: AuditObserver;
}

/** Ads that are compared in turn, at each pass. */
const ADS_IN_TURN = 50;

/** Suspects at a time: when more counters are behind, these are enough to end the trust in all. */
const MOST_SUSPECTS = 20;

/** A doubt that is older than this has not been settled by its writer: a rebuild follows, and heals what is behind. */
const LASTING_DOUBT_SECONDS = 5;

/** How far back fields are picked by chance. What a window is about to leave may be left out by a rebuild. */
const MINUTES_BACK = 45;
const HOURS_BACK = 20;

interface Suspect {
  readonly difference: Difference;
  /** When it was first seen, by a clock that is never set. */
  readonly since: number;
  /** The last message of the stream after that; undefined until it was read. */
  lastMessage: number | undefined;
}

/** @returns compares one sample; call it every few seconds. Throws when Postgres or Redis can't be reached */
export function createAudit(options: AuditOptions): () => Promise<void> {
  const { database, store, readSequences, recentAds, lastingMs, random, observer } = options;
  let suspects = new Map<string, Suspect>();
  let suspectsOf: LedgerIdentity | undefined;
  let cursor = '';

  async function readStart(): Promise<{ ledger: LedgerIdentity | undefined; now: number; adIds: readonly string[] }> {
    const [row] = await database.query<{ ledger: LedgerIdentity | null; now: number; ad_ids: string[] }>(
      'audit_start',
      `SELECT current_ledger() AS ledger, extract(epoch FROM now())::float8 AS now,
         ARRAY(SELECT ad_id FROM ad_totals WHERE ad_id > $1 ORDER BY ad_id LIMIT $2) AS ad_ids`,
      [cursor, ADS_IN_TURN],
    );
    return { ledger: row?.ledger ?? undefined, now: row?.now ?? 0, adIds: row?.ad_ids ?? [] };
  }

  /** The current fields and the ones before, some older ones, and those of suspects. */
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

  /** Keeps suspects that are still behind what Postgres had when they were first seen, and adds new ones. */
  function updateSuspects(differences: readonly Difference[]): void {
    const still = new Map<string, Suspect>();
    for (const difference of differences) {
      const { adId, counter, bucket, redis } = difference;
      const key = `${adId} ${counter} ${bucket}`;
      const known = suspects.get(key);
      if (known !== undefined && redis < known.difference.postgres) still.set(key, known);
      else if (still.size < MOST_SUSPECTS) {
        still.set(key, { difference, since: performance.now(), lastMessage: undefined });
      }
    }
    suspects = still;
  }

  /** Suspects that nothing explains any more. */
  async function convicted(): Promise<Difference[]> {
    if (suspects.size === 0) return [];
    const { first, last } = await readSequences();
    const lasting = [...suspects.values()].filter((suspect) => {
      const isExplained = suspect.lastMessage === undefined || first <= suspect.lastMessage;
      suspect.lastMessage ??= last;
      return !isExplained && performance.now() - suspect.since >= lastingMs;
    });
    if (lasting.length === 0) return [];
    const { doubted } = await readStanding(database, LASTING_DOUBT_SECONDS);
    return doubted ? [] : lasting.map(({ difference }) => difference);
  }

  return async () => {
    const { ledger, now, adIds } = await readStart();
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
      for (const difference of await convicted().catch(() => [])) wrong.push([difference, 'behind']);
    }
    if (wrong.length === 0) return;
    // Of several audits that find the same, one ends the trust, and reports it.
    if (!(await renewIdentity(database, ledger))) return;
    suspects.clear();
    for (const [difference, direction] of wrong) observer.onMismatch(difference, direction);
  };
}
