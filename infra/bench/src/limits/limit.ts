import type { Page } from '@ads/harness';

/** What a run of a bound was told. */
export interface LimitOptions {
  /** Of the outage of NATS and Postgres. */
  readonly seconds: number;
  /** Resident memory that no service may exceed. */
  readonly capMegabytes: number;
  /** Clicks a second of the hour that JetStream held. */
  readonly perSecond: number;
}

/** How it went: figures for programs, and what did not hold, in sentences. */
export interface LimitResult {
  readonly figures: Readonly<Record<string, number>>;
  readonly broken: readonly string[];
}

/** Outcomes in words: `202: 1200, 503: 3`. */
export function inWords({ outcomes }: Pick<Page, 'outcomes'>): string {
  return Object.entries(outcomes)
    .map(([outcome, count]) => `${outcome}: ${count}`)
    .join(', ');
}

/** One sentence for each kind of answer that may not be, and for each fault. */
export function complaints(what: string, page: Page, allowed: readonly string[]): string[] {
  const wrong = Object.entries(page.outcomes).filter(([outcome]) => !allowed.includes(outcome));
  return [...wrong.map(([outcome, count]) => `${what}: ${count} were answered with ${outcome}`), ...page.faults];
}

/** To one decimal. */
export function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
