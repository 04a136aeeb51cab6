import { DependencyUnavailable, type Logger } from '@ads/runtime';

/** What goes wrong again and again, told once. */
export interface Trouble {
  /** Logs an error unless it is the same as the last one of this kind. */
  report(what: string, error: unknown): void;
  /** It works again. */
  over(what: string): void;
  /** True while something goes wrong that is no dependency's being away. */
  isOn(): boolean;
}

/**
 * A dependency that is away is waited for, and its breaker tells of it. What else fails (a missing table, a right that was
 * taken away) will fail until a person repairs it, so a person must be told; once, not with every try.
 */
export function createTrouble(logger: Logger): Trouble {
  const current = new Map<string, string>();
  return {
    report(what, error) {
      if (error instanceof DependencyUnavailable) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (current.get(what) !== reason) logger.error(what, { error });
      current.set(what, reason);
    },
    over(what) {
      if (current.delete(what)) logger.info(`over: ${what}`);
    },
    isOn: () => current.size > 0,
  };
}
