import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

/** Tells an operator that a dependency fails, why, and that it works again. */
export interface TroubleReport {
  failed(error: unknown): void;
  worked(): void;
  /** The words of the last failure, until the dependency has worked for a while. */
  detail(): string | undefined;
}

/**
 * What fails every now and then is in trouble all the time: one line when it begins, and one when it is over. What never
 * worked yet may only be starting, and is given as long.
 */
const QUIET_MS = 2_000;

/** In the log once, in the metrics each time. */
export function createTroubleReport(dependency: string, metrics: Metrics, logger: Logger): TroubleReport {
  const failures = metrics.dependencyFailures.labels({ dependency });
  failures.inc(0);
  let trouble: { readonly since: number; last: number; words: string; told: boolean } | undefined;
  let everWorked = false;

  return {
    failed(error) {
      failures.inc();
      const now = performance.now();
      const words = wordsOf(error);
      trouble = { since: now, told: false, ...trouble, last: now, words };
      if (trouble.told || !(everWorked || now - trouble.since >= QUIET_MS)) return;
      trouble.told = true;
      logger.warn(`${dependency} fails; it is tried until it works`, { dependency, error });
    },
    worked() {
      // What only had to start is no trouble that could come back.
      const wasStarting = !everWorked && !trouble?.told;
      everWorked = true;
      if (trouble === undefined || (!wasStarting && performance.now() - trouble.last < QUIET_MS)) return;
      const seconds = Math.round((performance.now() - trouble.since) / 1_000);
      if (trouble.told) logger.info(`${dependency} works again`, { dependency, seconds });
      trouble = undefined;
    },
    detail: () => trouble?.words,
  };
}

/**
 * JetStream's refusals have their words beside the message, which is a number; several addresses that refused are one
 * error of Node's without any.
 */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, api_error: api } = error as { code?: unknown; api_error?: { description?: string } };
  return api?.description || error.message || String(code ?? error.name);
}
