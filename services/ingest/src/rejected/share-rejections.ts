import { randomUUID } from 'node:crypto';
import type { RejectedEvent } from '@ads/contract';
import { type CounterStore, type Database, readIdentity } from '@ads/ledger';
import { ledgerIdOf } from '@ads/models';
import { every } from '@ads/runtime';
import { LISTED_MS, type ListedRejection, MOST_LISTED, type RejectedList } from './rejected-list.js';

/** The rejections of all replicas. */
export interface AllRejections {
  /** The latest first. */
  readonly rejected: readonly RejectedEvent[];
  readonly notListed: number;
  /** False if the other replicas could not be read. */
  readonly isComplete: boolean;
}

export interface SharedRejections {
  /** Reads the other replicas at most once a second. Never throws. */
  read(): Promise<AllRejections>;
  /** Shares the last rejections, and ends. */
  stop(): Promise<void>;
}

export interface ShareOptions {
  readonly list: Pick<RejectedList, 'read' | 'notListed'>;
  readonly redis: Pick<CounterStore, 'shardOf'>;
  /** Names the ledger: two of them may share one Redis. */
  readonly database: Database;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A replica's share of the list, as Redis has it. */
interface Share {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly notListed: number;
  readonly rejected: readonly ListedRejection[];
}

const SHARE_MS = 2_000;
const READ_MS = 1_000;
const TTL_SECONDS = LISTED_MS / 1_000;
/** The most replicas whose rejections are kept, including those that have ended. Each takes up to 150 KB in Redis. */
export const MOST_SHARES = 32;

/**
 * Shares the list through a hash in Redis with a field per replica, which expires an hour after the last rejection. Sharing is
 * best effort: without Redis or Postgres, each replica answers for itself.
 */
export function shareRejections({ list, redis, database, now }: ShareOptions): SharedRejections {
  const replica = randomUUID();
  let ledger: string | undefined;
  let written = '';
  let cached: { readonly at: number; readonly reading: Promise<AllRejections> } | undefined;

  async function keyOfLedger(): Promise<string> {
    // While Postgres is unavailable, the ledger is the one that was known last.
    const identity = await readIdentity(database).catch(() => undefined);
    if (identity !== undefined) ledger = ledgerIdOf(identity);
    if (ledger === undefined) throw new Error('The ledger is not known.');
    return `rejected-events:2:{${ledger}}`;
  }

  async function write(): Promise<void> {
    const content = { notListed: list.notListed(), rejected: list.read() };
    const text = JSON.stringify(content);
    if (text === written || (written === '' && content.rejected.length === 0)) return;
    const key = await keyOfLedger();
    const share = JSON.stringify({ at: now(), ...content } satisfies Share);
    await redis.shardOf(key).run('share_rejected', async (client) => {
      await client.hset(key, replica, share);
      await client.expire(key, TTL_SECONDS);
    });
    written = text;
  }

  async function readOthers(): Promise<readonly Share[]> {
    const key = await keyOfLedger();
    return await redis.shardOf(key).run('read_rejected', async (client) => {
      const shares = Object.entries(await client.hgetall(key)).map(([name, text]) => ({ name, share: parse(text) }));
      shares.sort((a, b) => b.share.at - a.share.at);
      const kept = shares.slice(0, MOST_SHARES).filter(({ share }) => share.at > now() - LISTED_MS);
      const dropped = shares.filter((one) => !kept.includes(one)).map(({ name }) => name);
      if (dropped.length > 0) await client.hdel(key, ...dropped);
      return kept.flatMap(({ name, share }) => (name === replica ? [] : [share]));
    });
  }

  async function readAll(): Promise<AllRejections> {
    const others = await readOthers().catch(() => undefined);
    const own = { at: now(), notListed: list.notListed(), rejected: list.read() };
    return { ...merged([own, ...(others ?? [])], now() - LISTED_MS), isComplete: others !== undefined };
  }

  const ignore = { onError: () => undefined };
  // Reading also removes the shares of replicas that have ended.
  const tidying = every(LISTED_MS, async () => void (await readOthers()), ignore);
  const writing = every(SHARE_MS, write, ignore);

  return {
    read() {
      const at = performance.now();
      if (cached === undefined || at - cached.at > READ_MS) cached = { at, reading: readAll() };
      return cached.reading;
    },
    async stop() {
      await Promise.all([tidying.stop(), writing.stop()]);
      await write().catch(() => undefined);
    },
  };
}

function parse(text: string): Share {
  return JSON.parse(text) as Share;
}

/** A row of the merged list, and its client, which no answer has. */
interface Merged {
  readonly row: RejectedEvent;
  readonly client: string;
}

/**
 * Counts equal rejections of several replicas together. Room is shared by reason and client, as in the list of a replica.
 *
 * @param since milliseconds since the epoch; older ones are left out
 */
export function merged(shares: readonly Share[], since: number): Omit<AllRejections, 'isComplete'> {
  const rows = new Map<string, Merged>();
  for (const [replica, { rejected }] of shares.entries()) {
    for (const { client, count, first_at, last_at, ...rest } of rejected) {
      if (Date.parse(last_at) < since) continue;
      const name = JSON.stringify(rest);
      const other = rows.get(name);
      const { row = { count: 0, first_at, last_at } } = other ?? {};
      const [first, ...later] = [first_at, last_at, row.first_at, row.last_at].sort();
      rows.set(name, {
        client: other?.client ?? `${replica} ${client}`,
        row: { ...rest, count: count + row.count, first_at: first ?? first_at, last_at: later.at(-1) ?? last_at },
      });
    }
  }
  const rejected = fairest([...rows.values()]).sort((a, b) => (a.last_at < b.last_at ? 1 : -1));
  return { rejected, notListed: shares.reduce((sum, { notListed }) => sum + notListed, 0) };
}

/** The {@link MOST_LISTED} rows that remain if reasons take turns, and the clients within a reason, whose frequent rows come first. */
function fairest(rows: readonly Merged[]): RejectedEvent[] {
  const frequent = [...rows].sort((a, b) => b.row.count - a.row.count);
  const byClient = inTurns(frequent, ({ row: { path, error }, client }) => `${path} ${error} ${client}`);
  const byReason = inTurns(byClient, ({ row: { path, error } }) => `${path} ${error}`);
  return byReason.slice(0, MOST_LISTED).map(({ row }) => row);
}

/** The items in such an order that all groups take turns. The order within a group stays. */
function inTurns<Item>(items: readonly Item[], groupOf: (item: Item) => string): Item[] {
  const sizes = new Map<string, number>();
  const placed = items.map((item) => {
    const group = groupOf(item);
    const place = sizes.get(group) ?? 0;
    sizes.set(group, place + 1);
    return { item, place };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ item }) => item);
}
