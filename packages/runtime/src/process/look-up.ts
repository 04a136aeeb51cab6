import dns, { type LookupAddress } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import type { Logger } from '../log/logger.js';
import { within } from '../timers/within.js';

/** What `getaddrinfo` is asked for beside the name. */
export interface LookUpQuery {
  readonly family?: number | 'IPv4' | 'IPv6';
  readonly hints?: number;
  readonly order?: 'ipv4first' | 'ipv6first' | 'verbatim';
  readonly verbatim?: boolean;
}

/** Resolves to the addresses of a name, at least one; rejects as `dns.lookup` does. It may never settle. */
export type LookUp = (hostname: string, query: LookUpQuery) => Promise<readonly LookupAddress[]>;

export interface LookUpOptions {
  /** The look-up that may hang. */
  readonly lookUp: LookUp;
  /** How old an answer may be to be used without asking again, in milliseconds. */
  readonly freshMs: number;
  /** How long a look-up may take before its caller goes on with the last answer, in milliseconds. */
  readonly staleAfterMs: number;
  /** The same where there was no answer yet: the caller gets an error then. */
  readonly failAfterMs: number;
  /** Called once for each look-up that takes longer than `staleAfterMs`. */
  readonly onSlow: (hostname: string) => void;
}

interface Pending {
  readonly since: number;
  readonly answer: Promise<readonly LookupAddress[]>;
}

interface Known {
  readonly at: number;
  readonly addresses: readonly LookupAddress[];
}

/** Names come from the configuration and from the node lists of clusters. This only bounds the memory. */
const MOST_NAMES = 1_000;

/**
 * Look-ups with a deadline. A name has one look-up at a time: whoever asks meanwhile waits for the same one, for no longer
 * than the deadline, and then goes on with the last answer. The look-up itself is left alone, and its answer is kept.
 *
 * `getaddrinfo` cannot be cancelled, and holds a thread of libuv for as long as the DNS server is silent (20 s with the
 * defaults of glibc). libuv gives it at most half of its threads (UV_THREADPOOL_SIZE), so a name that hangs may take one
 * of these, and no more.
 */
export function createLookUp(options: LookUpOptions): LookUp {
  const { lookUp, freshMs, staleAfterMs, failAfterMs, onSlow } = options;
  const known = new Map<string, Known>();
  const pending = new Map<string, Pending>();

  const begin = (key: string, hostname: string, query: LookUpQuery): Pending => {
    const slow = setTimeout(() => onSlow(hostname), staleAfterMs).unref();
    const answer = lookUp(hostname, query).finally(() => {
      clearTimeout(slow);
      pending.delete(key);
    });
    answer.then(
      (addresses) => {
        // In the order of the last answer, so that the oldest is dropped.
        known.delete(key);
        known.set(key, { at: performance.now(), addresses });
        if (known.size > MOST_NAMES) known.delete(known.keys().next().value as string);
      },
      () => undefined,
    );
    const begun = { since: performance.now(), answer };
    pending.set(key, begun);
    return begun;
  };

  return async (hostname, query) => {
    const key = JSON.stringify([hostname, query.family, query.hints, query.order, query.verbatim]);
    const last = known.get(key);
    if (last !== undefined && performance.now() - last.at < freshMs) return last.addresses;
    const { since, answer } = pending.get(key) ?? begin(key, hostname, query);
    if (last === undefined) {
      return within(failAfterMs, answer, () => {
        throw noAnswer(hostname, failAfterMs);
      });
    }
    return within(Math.max(0, since + staleAfterMs - performance.now()), answer, () => last.addresses).catch(
      (error) => {
        // DNS says that there is no such name: the old address is then of no use.
        if (isNoSuchName(error)) throw error;
        return last.addresses;
      },
    );
  };
}

function isNoSuchName(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ENOTFOUND';
}

/** As Node's own errors are. */
function noAnswer(hostname: string, milliseconds: number): Error {
  return Object.assign(new Error(`DNS did not answer for ${hostname} within ${milliseconds} ms`), {
    code: 'EAI_AGAIN',
    syscall: 'getaddrinfo',
    hostname,
  });
}

const FRESH_MS = 1_000;
const STALE_AFTER_MS = 500;
const FAIL_AFTER_MS = 2_000;

/**
 * Puts `createLookUp` in the place of `dns.lookup` for the whole process, so that each connection goes through it,
 * whichever library opens it: the client of NATS takes no look-up as an option. That client also asks DNS servers without
 * the system's search domains and hosts file (`resolve4` and `resolve6`, up to 75 s), and so these go the same way.
 *
 * @returns puts the functions back that were there before
 */
export function installLookUp(logger: Logger): () => void {
  const { lookup, resolve4, resolve6 } = dns;
  const lookUp = createLookUp({
    lookUp: (hostname, query) =>
      new Promise((resolve, reject) => {
        lookup(hostname, { ...query, all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
      }),
    freshMs: FRESH_MS,
    staleAfterMs: STALE_AFTER_MS,
    failAfterMs: FAIL_AFTER_MS,
    onSlow: (hostname) =>
      logger.warn(`DNS is slow for ${hostname}: its last known address is used, if there is one`, {
        event: 'dns.slow',
        hostname,
      }),
  });
  type Callback = (error: Error | null, ...found: unknown[]) => void;
  // As Node calls it, from `net` and `http`: with options or a family before the callback, or with neither.
  const replacedLookup = (hostname: string, ...rest: unknown[]): void => {
    const callback = rest.at(-1) as Callback;
    const first = rest.length > 1 ? rest[0] : {};
    const { all = false, ...query } = (
      typeof first === 'object' && first !== null ? first : { family: first }
    ) as LookUpQuery & { all?: boolean };
    lookUp(hostname, query).then(
      (addresses) =>
        setImmediate(() => {
          if (all) callback(null, [...addresses]);
          else callback(null, addresses[0]?.address, addresses[0]?.family);
        }),
      (error: Error) => setImmediate(callback, error),
    );
  };
  const resolveAs = (family: 4 | 6) => (hostname: string, callback: Callback) => {
    lookUp(hostname, { family }).then(
      (addresses) =>
        setImmediate(
          callback,
          null,
          addresses.map(({ address }) => address),
        ),
      (error: Error) => setImmediate(callback, error),
    );
  };
  Object.assign(dns, { lookup: replacedLookup, resolve4: resolveAs(4), resolve6: resolveAs(6) });
  syncBuiltinESMExports();
  return () => {
    Object.assign(dns, { lookup, resolve4, resolve6 });
    syncBuiltinESMExports();
  };
}
