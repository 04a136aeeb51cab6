import type { Page } from '@ads/harness';
import { printDetail } from '@ads/local';
import type { LimitsStack } from './stack.js';

export interface LimitOptions {
  /** The duration of the outage of NATS and Postgres. */
  readonly seconds: number;
  /** The resident memory that no service may exceed. */
  readonly capMegabytes: number;
  /** The rate of the queued traffic, in clicks per second: JetStream holds one hour of it. */
  readonly perSecond: number;
}

export interface Limit {
  /** The number of ads in the catalogue. */
  readonly ads: number;
  run(stack: LimitsStack, options: LimitOptions): Promise<LimitResult>;
}

/** The measured figures, and one sentence for each exceeded limit. */
export interface LimitResult {
  readonly figures: Readonly<Record<string, number>>;
  readonly broken: readonly string[];
}

/** Prints outcomes and times: `202: 1200, 503: 3; p50 1.2 p99 9.7 ms`. */
export function printPage(label: string, { outcomes, p50, p99 }: Page): void {
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${outcome}: ${count}`);
  printDetail(`${label}: ${counts.join(', ')}; p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`);
}

/** One sentence for each unexpected outcome, and for each fault of the page. */
export function complaints(what: string, page: Page, allowed: readonly string[]): string[] {
  const wrong = Object.entries(page.outcomes).filter(([outcome]) => !allowed.includes(outcome));
  return [...wrong.map(([outcome, count]) => `${what}: ${count} requests ended with ${outcome}`), ...page.faults];
}

/** Formats a number with one decimal. */
export function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
