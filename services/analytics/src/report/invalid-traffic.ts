import { type Database, type RulesPeriod, readRules } from '@ads/ledger';
import { type Decider, hashOf } from '@ads/models';
import { formatMoment } from './intervals.js';
import type { ReportPlan } from './plan-report.js';

/** Lists that change daily have fewer in a year. */
const MOST_PERIODS = 400;

/**
 * Rules as a report names them. `user_agents` are left out: `hash` identifies them, and their texts would help to evade the rules.
 */
type RulesOfReport = Readonly<Record<string, unknown>> & Pick<RulesPeriod, 'hash'>;

/** The rules of invalid traffic that were in force in the range of a report, newest first. */
export interface InvalidTraffic extends Readonly<Record<Decider, readonly RulesOfReport[]>> {
  /** Identifies the rules, without their times. */
  readonly hash: string;
}

/** @throws DependencyUnavailable when Postgres is unavailable */
export async function readInvalidTraffic(database: Database, plan: ReportPlan): Promise<InvalidTraffic> {
  const periods = await readRules(database, plan, MOST_PERIODS);
  const by = (decider: Decider) =>
    periods.filter(({ decided_by }) => decided_by === decider).map((period) => fieldsOf(period, plan.query.tz));
  const hashes = new Set(periods.map(({ hash }) => hash));
  return { hash: hashOf(...[...hashes].sort()), ingest: by('ingest'), gate: by('gate') };
}

function fieldsOf({ hash, since, until, rules }: RulesPeriod, tz: string): RulesOfReport {
  const { user_agents: _, ...shown } = rules;
  return { hash, since: formatMoment(since, tz), until: until === null ? null : formatMoment(until, tz), ...shown };
}
