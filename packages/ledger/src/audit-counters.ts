import {
  type LedgerIdentity,
  minutesKey,
  secondsKey,
  TOTAL_COLUMNS,
  type TotalColumn,
  totalsKey,
  unpackBuckets,
} from '@ads/models';
import type { Redis } from 'ioredis';
import type { AdCounts } from './counts.js';
import type { CounterShard, CounterStore, Database } from './dependencies.js';
import { readText } from './files.js';
import { groupByShard } from './shards.js';
import { readTrust } from './trust.js';

const AUDIT_COUNTS = readText('sql/audit-counts.sql');

/** The counters to compare: totals of some ads, and their buckets in some fields. */
export interface AuditSample {
  readonly adIds: readonly string[];
  /** Unix minutes, whose seconds are compared. */
  readonly minutes: readonly number[];
  /** Unix hours, whose minutes are compared. */
  readonly hours: readonly number[];
}

/** A counter that differs between Redis and Postgres. */
export interface Difference {
  readonly adId: string;
  /** The column that is counted. */
  readonly column: TotalColumn;
  readonly counter: 'total' | 'second' | 'minute';
  /** 0 for totals. */
  readonly bucket: number;
  /** NaN if the field is malformed. */
  readonly redis: number;
  /** Read after Redis. */
  readonly postgres: number;
}

/** The differences; undefined if nothing was compared, because Redis was untrusted or the ledger changed. */
export type Audit = readonly Difference[] | undefined;

/**
 * Reads some counters from Redis, and then from Postgres. A raise follows its commit, so no counter in Redis may be greater. It
 * may be less between the commit of a batch and its raise.
 *
 * @throws when Redis or Postgres is unavailable
 */
export async function auditCounters(
  database: Database,
  store: CounterStore,
  ledger: LedgerIdentity,
  sample: AuditSample,
): Promise<Audit> {
  const isTrusted = async () => (await readTrust(store.shards(), ledger)).state === 'trusted';
  if (!(await isTrusted())) return undefined;
  const held = new Map<string, Held>();
  for (const [shard, adIds] of groupByShard(store, sample.adIds, (adId) => adId)) {
    for (const ofAd of await readHeld(shard, ledger, { ...sample, adIds })) held.set(ofAd.adId, ofAd);
  }
  // Keys may have been lost or a server replaced, so the counters that were read prove nothing.
  if (!(await isTrusted())) return undefined;
  const rows = await database.query<CountsRow>('audit_counts', AUDIT_COUNTS, [
    sample.adIds,
    sample.minutes,
    sample.hours,
  ]);
  if (rows.some((row) => row.ledger !== ledger)) return undefined;
  return rows.flatMap((row) => compare(row, held.get(row.ad_id)));
}

interface CountsRow extends Omit<AdCounts, 'adId'> {
  readonly ledger: LedgerIdentity | null;
  readonly ad_id: string;
}

/** The counters of an ad in Redis. Fields are keyed by their number: a minute contains seconds, an hour contains minutes. */
interface Held {
  readonly adId: string;
  readonly columns: Readonly<Record<TotalColumn, HeldColumn>>;
}

interface HeldColumn {
  readonly total: number;
  readonly seconds: ReadonlyMap<number, Buckets>;
  readonly minutes: ReadonlyMap<number, Buckets>;
}

/** Counts by bucket; undefined if the field is malformed. */
type Buckets = ReadonlyMap<number, number> | undefined;

async function readHeld(shard: CounterShard, ledger: LedgerIdentity, sample: AuditSample): Promise<Held[]> {
  return await shard.run('audit', (redis) =>
    Promise.all(
      sample.adIds.map(async (adId) => {
        const [clicks, impressions] = await Promise.all(
          TOTAL_COLUMNS.map((column) => readColumn(redis, ledger, adId, column, sample)),
        );
        return { adId, columns: { clicks, impressions } as Held['columns'] };
      }),
    ),
  );
}

async function readColumn(
  redis: Redis,
  ledger: LedgerIdentity,
  adId: string,
  column: TotalColumn,
  { minutes, hours }: AuditSample,
): Promise<HeldColumn> {
  const [total, seconds, ofHours] = await Promise.all([
    redis.hget(totalsKey(ledger, adId), column),
    Promise.all(minutes.map((minute) => readField(redis, secondsKey(ledger, adId, column, minute * 60), minute))),
    Promise.all(hours.map((hour) => readField(redis, minutesKey(ledger, adId, column, hour * 60), hour))),
  ]);
  return { total: Number(total ?? 0), seconds: new Map(seconds), minutes: new Map(ofHours) };
}

async function readField(redis: Redis, key: string, field: number): Promise<[number, Buckets]> {
  const packed = await redis.hgetBuffer(key, String(field));
  if (packed === null) return [field, new Map()];
  try {
    return [field, new Map(unpackBuckets({ [field]: packed }))];
  } catch {
    return [field, undefined];
  }
}

function compare(row: CountsRow, held: Held | undefined): Difference[] {
  if (held === undefined) return [];
  return TOTAL_COLUMNS.flatMap((column) => compareColumn(row, column, held.columns[column]));
}

function compareColumn(row: CountsRow, column: TotalColumn, held: HeldColumn): Difference[] {
  const differences: Difference[] = [];
  const note = (counter: Difference['counter'], bucket: number, redis: number, postgres: number) => {
    if (redis !== postgres) differences.push({ adId: row.ad_id, column, counter, bucket, redis, postgres });
  };
  note('total', 0, held.total, row[column]);
  for (const [counter, fields, counted] of [
    ['second', held.seconds, new Map(row.seconds[column])],
    ['minute', held.minutes, new Map(row.minutes[column])],
  ] as const) {
    for (const [field, buckets] of fields) {
      if (buckets === undefined) note(counter, field * 60, Number.NaN, 0);
      for (const [bucket, count] of buckets ?? []) note(counter, bucket, count, counted.get(bucket) ?? 0);
      if (buckets === undefined) continue;
      for (const [bucket, count] of counted) {
        if (Math.floor(bucket / 60) === field && !buckets.has(bucket)) note(counter, bucket, 0, count);
      }
    }
  }
  return differences;
}
