/** A map of bounded size. A full map drops an entry that has not been read since the last search for one (the CLOCK algorithm). */
export interface ClockCache<Value> {
  /** Marks the entry as read. */
  get(key: string): Value | undefined;
  /** Like `get`, without the mark. */
  peek(key: string): Value | undefined;
  /** Adds or replaces an entry. */
  set(key: string, value: Value): void;
  delete(key: string): void;
  keys(): IterableIterator<string>;
  size(): number;
}

interface Entry<Value> {
  value: Value;
  wasRead: boolean;
}

/** Reading and adding take constant time on average. @param limit maximum number of entries, at least 1 */
export function createClockCache<Value>(limit: number): ClockCache<Value> {
  const entries = new Map<string, Entry<Value>>();
  /** Kept between searches: a new iterator would skip the places of all removed entries again. */
  let hand = entries.entries();

  function dropOne(): void {
    for (;;) {
      const step = hand.next();
      if (step.done === true) {
        hand = entries.entries();
        continue;
      }
      const [key, entry] = step.value;
      if (!entry.wasRead) {
        entries.delete(key);
        return;
      }
      entry.wasRead = false;
    }
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entry.wasRead = true;
      return entry.value;
    },
    peek: (key) => entries.get(key)?.value,
    set(key, value) {
      const entry = entries.get(key);
      if (entry !== undefined) {
        entry.value = value;
        return;
      }
      if (entries.size >= limit) dropOne();
      entries.set(key, { value, wasRead: false });
    },
    delete: (key) => void entries.delete(key),
    keys: () => entries.keys(),
    size: () => entries.size,
  };
}
