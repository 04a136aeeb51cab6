import { every } from '../timers/every.js';

/** Time to connect. Without it, each start would count as an outage. */
const FIRST_PING_MS = 200;

/**
 * Pings each dependency after 200 ms, and `intervalMs` after each answer, so that an idle process also notices outages and
 * recoveries. A ping goes through the guard of its connection, which records and logs the result.
 *
 * @returns stops the pings. Resolves when all pings in progress have ended; connections may be closed then
 */
export function probe(pings: readonly (() => Promise<void>)[], intervalMs = 1_000): () => Promise<void> {
  const probes = pings.map((ping) => every(intervalMs, ping, { delayMs: FIRST_PING_MS, onError: () => undefined }));
  return async () => {
    await Promise.all(probes.map(({ stop }) => stop()));
  };
}
