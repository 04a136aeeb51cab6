import type { Page } from '@ads/harness';

/** The options of a run. */
export interface LimitOptions {
  /** The duration of the outage of NATS and Postgres. */
  readonly seconds: number;
  /** The resident memory that no service may exceed. */
  readonly capMegabytes: number;
  /** Clicks a second in the hour that JetStream holds. */
  readonly perSecond: number;
}

/** The measured figures, and one sentence for each exceeded limit. */
export interface LimitResult {
  readonly figures: Readonly<Record<string, number>>;
  readonly broken: readonly string[];
}

/** Outcomes as text: `202: 1200, 503: 3`. */
export function inWords({ outcomes }: Pick<Page, 'outcomes'>): string {
  return Object.entries(outcomes)
    .map(([outcome, count]) => `${outcome}: ${count}`)
    .join(', ');
}

/** One sentence for each unexpected outcome, and for each fault of the page. */
export function complaints(what: string, page: Page, allowed: readonly string[]): string[] {
  const wrong = Object.entries(page.outcomes).filter(([outcome]) => !allowed.includes(outcome));
  return [...wrong.map(([outcome, count]) => `${what}: ${count} were answered with ${outcome}`), ...page.faults];
}

/** To one decimal. */
export function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
