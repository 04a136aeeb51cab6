import { type AdEvent, COUNTED_LABELS, labelNumber } from '@ads/models';
import { numberArray, textArray } from './array-literals.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const REGISTER_LABEL_VALUES = readText('sql/register-label-values.sql');

/**
 * Size of one of the two sets of remembered values; both together have up to twice as many. A value takes 100 to 200 bytes. A
 * value that is forgotten is registered again, which changes nothing.
 */
const REMEMBERED = 50_000;

/** Registers the values of labels before their events are recorded, so that at most `most` per ad and label get a count. */
export interface LabelValues {
  /**
   * @returns the identity of the ledger that has the values, empty if it has none; undefined if no event has a label. Events
   *   may only be recorded in this ledger
   * @throws what `query` throws; registering again is safe
   */
  register(events: readonly AdEvent[]): Promise<string | undefined>;
  /** Forgets all values, because they were registered in another ledger. */
  forget(): void;
}

/**
 * Sends each value to a ledger once, whether the ledger registers it or refuses it. Both results are final: a registered value
 * is never removed, and a value above the limit is never registered. Events without labels cost nothing.
 *
 * @param most maximum number of values per ad and label; the others are counted together
 */
export function createLabelValues(database: Database, most: number): LabelValues {
  let known = new Set<string>();
  let older = new Set<string>();
  /** The ledger that has the known values. */
  let ledger: string | undefined;

  const forget = () => {
    known = new Set();
    older = new Set();
    ledger = undefined;
  };
  const remember = (keys: Iterable<string>) => {
    for (const key of keys) {
      if (known.size >= REMEMBERED) [older, known] = [known, new Set()];
      known.add(key);
    }
  };

  async function send(values: readonly Value[]): Promise<string> {
    const [answer] = await database.query<{ ledger: string }>('register_label_values', REGISTER_LABEL_VALUES, [
      textArray(values.map(([adId]) => adId)),
      numberArray(values.map(([, label]) => label)),
      textArray(values.map(([, , value]) => value)),
      most,
    ]);
    return answer?.ledger ?? '';
  }

  return {
    async register(events) {
      const given = valuesOf(events);
      if (given.size === 0) return undefined;
      for (;;) {
        const expected = ledger;
        const missing = [...given].filter(([key]) => !known.has(key) && !older.has(key));
        if (expected !== undefined && missing.length === 0) return expected;
        const found = await send(missing.map(([, value]) => value));
        if (ledger !== found) forget();
        ledger = found;
        remember(missing.map(([key]) => key));
        // In another ledger than expected, the values that were known are not registered.
        if (expected === undefined || expected === found) return found;
      }
    },
    forget,
  };
}

type Value = readonly [adId: string, label: number, value: string];

/** The distinct values of counted labels. */
function valuesOf(events: readonly AdEvent[]): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { adId, labels } of events) {
    if (labels === undefined) continue;
    for (const name of COUNTED_LABELS) {
      const value = labels[name];
      if (value === undefined) continue;
      const label = labelNumber(name);
      values.set(`${label} ${adId} ${value}`, [adId, label, value]);
    }
  }
  return values;
}
