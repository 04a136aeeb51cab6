import { gateRules } from '@ads/connections';
import { type Database, gateRulesInForce, keepRulesRegistered } from '@ads/ledger';
import type { ProcessContext } from '@ads/runtime';
import type { IngestConfig } from '../config.js';
import type { Rules } from './open-rules.js';
import { NO_RULES } from './rules-in-force.js';

/** Registers the rules of this process for reports, until the shutdown. @param rules undefined with `IVT=off` */
export function registerRules(
  { config, logger, shutdown }: ProcessContext<IngestConfig>,
  database: Database,
  rules: Pick<Rules, 'inForce'> | undefined,
): void {
  const gate = gateRulesInForce(gateRules(config));
  const inForce = () => [rules?.inForce() ?? NO_RULES, gate];
  shutdown.add('rules', keepRulesRegistered({ database, inForce, logger }));
}
