import type { Logger } from '@ads/runtime';
import type { DeadLetter } from './dead-letters.js';

/** Logs summaries of dead letters, so that a client that invents ads does not fill the log. */
export interface DeadLetterReport {
  stored(letter: Pick<DeadLetter, 'kind' | 'events' | 'reason' | 'source'>): void;
}

/** Minimum interval between two lines. */
const EVERY_MS = 10_000;

/** Logs the first dead letter at once. Later lines have the number of events by kind, and one dead letter as an example. */
export function createDeadLetterReport(logger: Pick<Logger, 'warn'>): DeadLetterReport {
  let letters = 0;
  let counts: Record<string, number> = {};
  let example: { readonly reason: string; readonly source: string } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    timer = undefined;
    if (example === undefined) return;
    logger.warn(`stored ${letters} dead letters`, { event: 'dead_letters.stored', letters, counts, ...example });
    letters = 0;
    counts = {};
    example = undefined;
    timer = setTimeout(flush, EVERY_MS).unref();
  }

  return {
    stored({ kind, events, reason, source }) {
      letters += 1;
      counts[kind] = (counts[kind] ?? 0) + events;
      example ??= { reason, source };
      if (timer === undefined) flush();
    },
  };
}
