import dns, { type LookupAddress } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import type { Logger } from '../log/logger.js';
import { within } from '../timers/within.js';

/** The options of a look-up. */
export interface LookUpQuery {
  readonly family?: number | 'IPv4' | 'IPv6';
  readonly hints?: number;
  readonly order?: 'ipv4first' | 'ipv6first' | 'verbatim';
  readonly verbatim?: boolean;
}

/** Resolves to at least one address; rejects like `dns.lookup`. May never settle. */
export type LookUp = (hostname: string, query: LookUpQuery) => Promise<readonly LookupAddress[]>;

export interface LookUpOptions {
  /** The look-up that may hang. */
  readonly lookUp: LookUp;
  /** Age in milliseconds up to which an answer is used without a new look-up. */
  readonly freshMs: number;
  /** Milliseconds after which a caller gets the last answer instead. */
  readonly staleAfterMs: number;
  /** Milliseconds after which a caller gets an error if there is no earlier answer. */
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

/** Bounds the memory: names come from the configuration and from the node lists of clusters. */
const MOST_NAMES = 1_000;

/**
 * Look-ups with a deadline. Each name has one look-up at a time, which all callers share. A caller waits until the deadline
 * and then gets the last answer. The look-up continues, and its answer is kept.
 *
 * `getaddrinfo` cannot be cancelled and blocks a libuv thread while the DNS server is silent (20 s with the defaults of
 * glibc). libuv gives it at most half of its threads (UV_THREADPOOL_SIZE), so a hanging name must not take more than one.
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
        // Keeps the map in the order of the answers, so that the oldest one is dropped.
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
        // DNS reports that the name no longer exists: do not use the old address.
        if (isNoSuchName(error)) throw error;
        return last.addresses;
      },
    );
  };
}

function isNoSuchName(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ENOTFOUND';
}

/** An error in the form of Node's own. */
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
 * Replaces `dns.lookup` by `createLookUp` for the whole process, because the NATS client has no option for it. That client
 * also calls `resolve4` and `resolve6`, which ignore the search domains and hosts file of the system and take up to 75 s;
 * they are replaced too.
 *
 * @returns restores the original functions
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
  // `net` and `http` call it with options, with a family, or with neither before the callback.
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
