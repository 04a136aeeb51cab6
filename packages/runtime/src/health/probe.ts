const FIRST_PING_MS = 200;

/**
 * Pings each dependency soon, and `intervalMs` after each answer, so that an idle process too notices
 * an outage, and its end. Pings go through a guard, which keeps and logs what they find.
 * @returns stops it, and waits for the answers that are under way: connections may be closed then.
 */
export function probe(pings: readonly (() => Promise<void>)[], intervalMs = 1_000): () => Promise<void> {
  let stopped = false;
  const timers = new Set<NodeJS.Timeout>();
  const asking = new Set<Promise<void>>();
  const ask = async (ping: () => Promise<void>): Promise<void> => {
    // The guard knows already: there is nothing to add here.
    const answer = ping().catch(() => undefined);
    asking.add(answer);
    await answer;
    asking.delete(answer);
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void ask(ping);
    }, intervalMs).unref();
    timers.add(timer);
  };
  // Connections that were just begun get a moment: else each start would look like an outage.
  const first = setTimeout(() => {
    for (const ping of pings) void ask(ping);
  }, FIRST_PING_MS);
  first.unref();
  return async () => {
    stopped = true;
    clearTimeout(first);
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(asking);
  };
}
