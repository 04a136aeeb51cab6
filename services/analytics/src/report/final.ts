import { type Database, readRecorded } from '@ads/ledger';
import type { ReportPlan } from './plan-report.js';

const DAY_MS = 86_400_000;

/**
 * Reads the time before which no accepted event can change a count any more. Each event that was received before `recorded` is
 * recorded, and each later one is at most `maxEventAgeDays` old when it is received. Read it before the counts.
 *
 * @param maxEventAgeDays undefined if events of any age are accepted; then no count is final
 * @returns milliseconds since the epoch
 * @throws DependencyUnavailable when Postgres is unavailable
 */
export async function readFinalUntil(database: Database, maxEventAgeDays: number | undefined): Promise<number> {
  if (maxEventAgeDays === undefined) return Number.NEGATIVE_INFINITY;
  const recorded = await readRecorded(database);
  return recorded === undefined ? Number.NEGATIVE_INFINITY : recorded - maxEventAgeDays * DAY_MS;
}

/** True if the part of the range ends before that time. */
export function isFinal({ parts, to }: Pick<ReportPlan, 'parts' | 'to'>, part: number, finalUntil: number): boolean {
  return (parts[part + 1]?.from ?? to) <= finalUntil;
}
