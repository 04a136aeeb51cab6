import type { Socket } from 'node:net';
import { clientOf, pseudonymOf } from './client-of.js';
import type { HeaderList } from './common-headers.js';
import { rateLimited } from './errors.js';

const WINDOW_MS = 60_000;
/** Some 20 MB. */
const MOST_CLIENTS = 100_000;

/** What a client has used of a window that began with its first request. */
interface Use {
  requests: number;
  /** A name for the client that does not tell its address. */
  readonly name: string;
  /** The value of the header RateLimit-Policy, with that name. */
  readonly policy: string;
  /** By the clock of the allowance. */
  readonly endsAt: number;
}

/**
 * Takes a request of a client into account: see `clientOf`.
 *
 * @returns the headers that tell the client what is left
 * @throws ApiError 429 when nothing was left
 */
export type Allowance = (said: string | undefined, socket: Pick<Socket, 'remoteAddress'>) => HeaderList;

const wholeMilliseconds = (): number => Math.floor(performance.now());

/**
 * So many requests a minute for each client, as express-rate-limit counts them: that takes 4.5 µs, this 0.3. Of two
 * maps the older is forgotten each time that the newer is full or a window old, so no number of clients takes more memory
 * than `mostClients` do, and who comes again and again is never forgotten.
 *
 * @param name of the policy in the headers
 * @param limit requests a minute; 0 for no limit
 * @param now whole milliseconds by a clock that is never set: of others, the difference may be a little too large
 */
export function createAllowance(
  name: string,
  limit: number,
  { now = wholeMilliseconds, mostClients = MOST_CLIENTS } = {},
): Allowance {
  if (limit === 0) return () => [];
  const policyFor = (client: string) => `"${name}"; q=${limit}; w=${WINDOW_MS / 1_000}; pk=:${client}:`;
  let newer = new Map<string, Use>();
  let older = new Map<string, Use>();
  let newerSince = now();

  function useOf(client: string, time: number): Use {
    if (newer.size >= mostClients / 2 || time - newerSince >= WINDOW_MS) {
      older = newer;
      newer = new Map();
      newerSince = time;
    }
    let use = newer.get(client) ?? older.get(client);
    if (use === undefined || time >= use.endsAt) {
      const pseudonym = pseudonymOf(client);
      use = { requests: 0, name: pseudonym, policy: policyFor(pseudonym), endsAt: time + WINDOW_MS };
    }
    newer.set(client, use);
    return use;
  }

  return (said, socket) => {
    const time = now();
    const use = useOf(clientOf(said, socket), time);
    use.requests += 1;
    const seconds = Math.ceil((use.endsAt - time) / 1_000);
    // V8 keeps the texts of the numbers that it wrote last, except those of toFixed: of a client with all the traffic each
    // is another one, and outlives young garbage.
    const rest = `"${name}"; r=${Math.max(0, limit - use.requests).toFixed()}; t=${seconds}`;
    if (use.requests > limit) {
      throw rateLimited(limit, use.name, {
        'RateLimit-Policy': use.policy,
        RateLimit: rest,
        'Retry-After': String(seconds),
      });
    }
    return ['RateLimit-Policy', use.policy, 'RateLimit', rest];
  };
}
