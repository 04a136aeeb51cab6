import { type AdEvent, COUNTED_LABELS, labelNumber } from '@ads/models';
import { numberArray, textArray } from './array-literals.js';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const REGISTER_LABEL_VALUES = readText('sql/register-label-values.sql');

/**
 * Values that this process remembers, at most twice as many: 100 to 200 bytes each. A value that is forgotten is
 * registered again, which changes nothing.
 */
const REMEMBERED = 50_000;

/** Registers the values of labels before their events are recorded, so that at most `most` per ad and label get a count. */
export interface LabelValues {
  /** @throws what `query` throws; registering again is safe */
  register(events: readonly AdEvent[]): Promise<void>;
}

/**
 * Sends each value to Postgres once, registered or not: a registered value is never removed, and a value above the limit never
 * registered. Events without labels cost nothing.
 *
 * @param most maximum number of values per ad and label; the others are counted together
 */
export function createLabelValues(database: Database, most: number): LabelValues {
  let known = new Set<string>();
  let older = new Set<string>();
  const remember = (keys: Iterable<string>) => {
    for (const key of keys) {
      if (known.size >= REMEMBERED) [older, known] = [known, new Set()];
      known.add(key);
    }
  };

  return {
    async register(events) {
      const missing = new Map<string, readonly [adId: string, label: number, value: string]>();
      for (const { adId, labels } of events) {
        if (labels === undefined) continue;
        for (const name of COUNTED_LABELS) {
          const value = labels[name];
          if (value === undefined) continue;
          const label = labelNumber(name);
          const key = `${label} ${adId} ${value}`;
          if (!known.has(key) && !older.has(key)) missing.set(key, [adId, label, value]);
        }
      }
      if (missing.size === 0) return;
      const rows = [...missing.values()];
      await database.query('register_label_values', REGISTER_LABEL_VALUES, [
        textArray(rows.map(([adId]) => adId)),
        numberArray(rows.map(([, label]) => label)),
        textArray(rows.map(([, , value]) => value)),
        most,
      ]);
      remember(missing.keys());
    },
  };
}
