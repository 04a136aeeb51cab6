import type { Decider, DecisionRules } from '@ads/models';
import { every, type Logger, monotonic } from '@ads/runtime';
import type { Database } from './dependencies.js';
import { readText } from './files.js';

const REGISTER_RULES = readText('sql/register-rules.sql');
const READ_RULES = readText('sql/read-rules.sql');

const CHECK_MS = 1_000;
const REPEAT_MS = 60_000;
const RETRY_MS = 10_000;
/** A gap in which every process restarts, or a connection fails, does not end the period of rules. */
const GAP_MS = 3 * REPEAT_MS;
/** Maximum number of periods that wait for Postgres: rules may change often during an outage. */
const MOST_PERIODS = 100;

/** Rules and the time in which they were in force in this process, in milliseconds of a monotonic clock. */
interface Period {
  readonly rules: DecisionRules;
  /** The start, or the time until which the period is registered: the clock of Postgres may run at another speed. */
  since: number;
  until?: number;
}

export interface RulesRegisterOptions {
  readonly database: Database;
  /** The rules of this process. It is called once a second. */
  readonly inForce: () => readonly DecisionRules[];
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Registers the rules of invalid traffic of this process in Postgres: at the start, within a second after a change, and once a
 * minute. While Postgres is unavailable the rules are kept in memory; no caller waits for the registration.
 *
 * @returns stops it
 */
export function keepRulesRegistered(options: RulesRegisterOptions): () => Promise<void> {
  return every(CHECK_MS, createRulesRegister({ ...options, now: monotonic })).stop;
}

/** @param now milliseconds of a monotonic clock @returns registers the rules if they have changed or a minute has passed */
export function createRulesRegister({
  database,
  inForce,
  logger,
  now,
}: RulesRegisterOptions & { readonly now: () => number }): () => Promise<void> {
  let periods: Period[] = [];
  let due = now();
  let isFailing = false;

  /** Ends the periods of rules that are no longer in force, and begins those of new ones. @returns true after a change */
  function follow(time: number): boolean {
    const rules = inForce();
    const open = periods.filter(({ until }) => until === undefined);
    const ended = open.filter((period) => rules.every(({ hash }) => hash !== period.rules.hash));
    const begun = rules.filter(({ hash }) => open.every((period) => hash !== period.rules.hash));
    for (const period of ended) period.until = time;
    periods = [...periods, ...begun.map((rules) => ({ rules, since: time }))].slice(-MOST_PERIODS);
    return ended.length + begun.length > 0;
  }

  async function register(): Promise<void> {
    for (const period of periods) {
      const { by, hash, ...values } = period.rules;
      const time = now();
      const end = period.until ?? time;
      const ages = [time - period.since, time - end];
      await database.query('register_rules', REGISTER_RULES, [by, hash, JSON.stringify(values), ...ages, GAP_MS]);
      period.since = end;
    }
    periods = periods.filter(({ until }) => until === undefined);
  }

  return async () => {
    const time = now();
    if (!follow(time) && time < due) return;
    due = time + RETRY_MS;
    try {
      await register();
      due = time + REPEAT_MS;
      isFailing = false;
    } catch (error) {
      if (!isFailing) {
        logger.warn('rules of invalid traffic could not be registered; retried every 10 s', {
          event: 'invalid_traffic.rules_not_registered',
          error,
        });
      }
      isFailing = true;
    }
  };
}

/** Rules that were in force. Milliseconds since the epoch. */
export interface RulesPeriod {
  readonly decided_by: Decider;
  readonly hash: string;
  readonly rules: Readonly<Record<string, unknown>>;
  readonly since: number;
  /** Null while the rules are in force. */
  readonly until: number | null;
}

/**
 * Reads the rules that were in force at some time of a range, newest first.
 *
 * @param from milliseconds since the epoch; `to` is not included
 * @throws DependencyUnavailable when Postgres is unavailable
 */
export async function readRules(
  database: Database,
  { from, to }: { readonly from: number; readonly to: number },
  most: number,
): Promise<RulesPeriod[]> {
  return await database.query<RulesPeriod>('read_rules', READ_RULES, [from, to, GAP_MS, most]);
}
