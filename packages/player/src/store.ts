/** An event as the API takes it, without its timestamp. */
export type PlayerEvent = Readonly<Record<string, unknown>>;

/** An event that is not yet known to be counted or refused. */
export interface Waiting {
  /** Names the event in the store. It stays when the event gets another id. */
  readonly key: string;
  readonly event: PlayerEvent;
  /** The time of the event by the clock of the device, in milliseconds. */
  readonly at: number;
  /** True if the event has its second id. */
  readonly isRenewed?: boolean;
}

/** Maximum number of events in the store; a further one replaces the oldest. They take some 200 KB. */
const MOST = 500;
/** Entries with a later time, in milliseconds, are damaged. */
const LATEST = 1e14;

/** Events that survive the page. */
export interface Store {
  /** Adds an event, or replaces the one with its key. */
  put(waiting: Waiting): void;
  remove(key: string): void;
  /** Returns all events, the oldest first. */
  list(): Waiting[];
}

/**
 * Keeps each event in an entry of its own in localStorage, so that pages of the same origin share the events and do not overwrite
 * each other's. Events that localStorage does not take (it is full, disabled or missing) are kept in memory.
 *
 * @param prefix begins the name of every entry
 */
export function openStore(prefix: string): Store {
  const memory = new Map<string, Waiting>();

  function remove(key: string): void {
    memory.delete(key);
    try {
      localStorage.removeItem(prefix + key);
    } catch {}
  }

  function list(): Waiting[] {
    const all = [...memory.values()];
    for (const name of names()) {
      try {
        const waiting: Waiting = JSON.parse(localStorage.getItem(name) as string);
        // A damaged entry must not prevent that the others are sent.
        if (waiting.at < LATEST) all.push(waiting);
      } catch {}
    }
    // Keys are UUIDv7s.
    return all.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  function names(): string[] {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
    } catch {
      return [];
    }
  }

  return {
    put(waiting) {
      const { key } = waiting;
      try {
        localStorage.setItem(prefix + key, JSON.stringify(waiting));
      } catch {
        remove(key);
        memory.set(key, waiting);
      }
      for (const oldest of list().slice(0, -MOST)) remove(oldest.key);
    },
    remove,
    list,
  };
}
