import {
  BUCKETS_PER_FIELD,
  type LedgerIdentity,
  MINUTES_KEY_TTL,
  minutesKey,
  oldestVisible,
  SECONDS_KEY_TTL,
  secondsKey,
  TOTAL_COLUMNS,
  totalsKey,
} from '@ads/models';
import type { AdCounts, Buckets } from './counts.js';
import type { CounterShard, CounterStore } from './dependencies.js';
import { readText } from './files.js';
import { type ScriptCall, script } from './script.js';
import { groupByShard } from './shards.js';

const raise = script(readText('lua/raise-counters.lua'));

/** Counters per round trip; the last ad may exceed it. Redis takes a few milliseconds for them, far below any timeout. */
const COUNTERS_PER_CALL = 5_000;

/** Ads per script call if a script may use several ads. A call itself takes as long as raising one ad. */
const ADS_PER_SCRIPT = 50;

/** Counters per script call; the last ad may exceed it. Redis runs no other command during the call. */
const COUNTERS_PER_SCRIPT = 500;

/**
 * Raises the counters in Redis to the counts of Postgres. Buckets that are too old for all windows are left out.
 *
 * @param ledger the identity that the counts belong to. It must be read in the same statement as the counts, or be the same
 * before and after they were read
 * @param now milliseconds since the epoch, by which buckets are too old
 * @throws when any counter could not be raised
 */
export async function raiseCounters(
  store: CounterStore,
  ledger: LedgerIdentity,
  counts: readonly AdCounts[],
  now: number,
): Promise<void> {
  const groups = groupByShard(store, counts, ({ adId }) => adId);
  await Promise.all([...groups].map(([shard, ofShard]) => raiseOn(shard, ledger, ofShard, now)));
}

async function raiseOn(
  shard: CounterShard,
  ledger: LedgerIdentity,
  counts: readonly AdCounts[],
  now: number,
): Promise<void> {
  const adsPerScript = shard.crossesSlots ? ADS_PER_SCRIPT : 1;
  const oldest = oldestVisible(now);
  let calls: RaiseCall[] = [];
  let last = new RaiseCall(ledger);
  let counters = 0;
  const send = async () => {
    const sent = calls;
    calls = [];
    counters = 0;
    await shard.run('raise', (redis) => raise.run(redis, sent));
  };
  for (const ad of counts) {
    if (calls.length === 0 || last.ads === adsPerScript || last.counters >= COUNTERS_PER_SCRIPT) {
      last = new RaiseCall(ledger);
      calls.push(last);
    }
    const before = last.counters;
    last.add(ad, oldest);
    counters += last.counters - before;
    if (counters >= COUNTERS_PER_CALL) await send();
  }
  if (calls.length > 0) await send();
}

/** The keys and counts of some ads: the arguments of `raise-counters.lua`. */
class RaiseCall implements ScriptCall {
  readonly keys: string[] = [];
  /** One flat list: nested lists take Redis 1.5 times as long to read. */
  readonly #raised: (string | number)[] = [];
  readonly #ledger: LedgerIdentity;
  ads = 0;
  counters = 0;

  constructor(ledger: LedgerIdentity) {
    this.#ledger = ledger;
  }

  get values(): string[] {
    return [JSON.stringify(this.#raised)];
  }

  /** @param oldest buckets before it are left out */
  add({ adId, clicks, impressions, seconds, minutes }: AdCounts, oldest: { second: number; minute: number }): void {
    this.ads += 1;
    this.counters += 2;
    const ledger = this.#ledger;
    const key = this.keys.push(totalsKey(ledger, adId));
    const fieldsAt = this.#raised.push(key, clicks, impressions, 0) - 1;
    let fields = 0;
    for (const column of TOTAL_COLUMNS) {
      fields +=
        this.#addFields(seconds[column], oldest.second, SECONDS_KEY_TTL, (at) => secondsKey(ledger, adId, column, at)) +
        this.#addFields(minutes[column], oldest.minute, MINUTES_KEY_TTL, (at) => minutesKey(ledger, adId, column, at));
    }
    this.#raised[fieldsAt] = fields;
  }

  /** @returns the number of fields */
  #addFields(buckets: Buckets, oldest: number, expiry: number, keyOf: (bucket: number) => string): number {
    let fields = 0;
    let lastKey: string | undefined;
    let lastName: number | undefined;
    let counterAt = 0;
    let inField = 0;
    // Sorted, so that the buckets of one field, and the fields of one key, are adjacent.
    for (const [bucket, count] of ascending(buckets)) {
      if (bucket < oldest) continue;
      const place = bucket % BUCKETS_PER_FIELD;
      const name = (bucket - place) / BUCKETS_PER_FIELD;
      if (name !== lastName) {
        lastName = name;
        const key = keyOf(bucket);
        if (key !== lastKey) this.keys.push(key);
        lastKey = key;
        fields += 1;
        inField = 0;
        // The name is a string, because a conversion costs Redis as much as the search for the field.
        counterAt = this.#raised.push(this.keys.length, expiry, String(name), inField) - 1;
      }
      this.#raised.push(place, count);
      inField += 1;
      this.#raised[counterAt] = inField;
      this.counters += 1;
    }
    return fields;
  }
}

function ascending(buckets: Buckets): Buckets {
  return buckets.length < 2 ? buckets : [...buckets].sort(([a], [b]) => a - b);
}
