import { every } from '@ads/runtime';

/**
 * Ends answers that take long once their key or share no longer works. They asked for it when they began, so it is asked for
 * again and again.
 */
export interface Admissions {
  /**
   * Calls `end` once, as soon as `isAdmitted` is false.
   *
   * @returns ends the watch; does nothing after the first call
   */
  watch(isAdmitted: () => boolean, end: () => void): () => void;
  stop(): Promise<void>;
}

/** The keys are read every second, so an answer ends within two seconds after its key was deleted. */
const CHECK_MS = 250;

export function createAdmissions(): Admissions {
  const watches = new Set<() => void>();
  const checks = every(CHECK_MS, () => {
    for (const check of watches) check();
  });
  return {
    watch(isAdmitted, end) {
      const check = (): void => {
        if (isAdmitted()) return;
        watches.delete(check);
        end();
      };
      watches.add(check);
      return () => void watches.delete(check);
    },
    stop: checks.stop,
  };
}
