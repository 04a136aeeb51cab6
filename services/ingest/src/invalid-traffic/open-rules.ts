import { every, type ProcessContext } from '@ads/runtime';
import { Gauge } from 'prom-client';
import type { IngestConfig } from '../config.js';
import { type AddressList, openAddressList } from './address-list.js';
import { createJudge, type Judge, type JudgeOptions } from './judge.js';
import { createListMetrics, type ListMetrics } from './list-metrics.js';
import { ISBOT_VERSION, type RulesInForce, rulesInForce } from './rules-in-force.js';
import { userAgentReader } from './user-agents.js';

/** The rules of invalid traffic of this process. */
export interface Rules {
  readonly judgeWith: (options: Pick<JudgeOptions, 'durationOf' | 'signing' | 'viewerOf'>) => Judge;
  /** The rules now: a new object after a list has changed. */
  readonly inForce: () => RulesInForce;
}

const CHECK_MS = 1_000;

/** The lists by their names in metrics. */
const VARIABLES = { deny: 'IVT_DENY_FILE', datacenter: 'IVT_DATACENTER_FILE' } as const;
type ListName = keyof typeof VARIABLES;

/**
 * Loads the lists, and follows their files until the shutdown.
 *
 * @returns undefined with `IVT=off`
 * @throws ConfigError if the file of a list cannot be used
 */
export async function openRules(context: ProcessContext<IngestConfig>): Promise<Rules | undefined> {
  const { config, logger, metrics } = context;
  if (config.IVT === 'off') return undefined;
  const metricsOf = createListMetrics(metrics.registry);
  const open = (name: ListName) => openList(name, context, metricsOf(name), () => setInForce());
  const [deny, datacenter] = await Promise.all([open('deny'), open('datacenter')]);
  let inForce: RulesInForce;

  function setInForce(): void {
    inForce = rulesInForce(config, { deny: deny?.hash() ?? null, datacenter: datacenter?.hash() ?? null });
    logger.info('rules of invalid traffic are in force', { event: 'invalid_traffic.rules', rules: inForce });
  }
  setInForce();

  new Gauge({
    name: 'ivt_rules_info',
    help: 'Always 1; the label is the version of isbot, which finds bots by their user agents.',
    labelNames: ['isbot'],
    registers: [metrics.registry],
  }).set({ isbot: ISBOT_VERSION }, 1);
  return {
    judgeWith: (more) =>
      createJudge({
        lists: { listed_ip: deny, datacenter },
        agentOf: userAgentReader({ include: config.IVT_UA_INCLUDE, exclude: config.IVT_UA_EXCLUDE }),
        readsProxyHeader: config.IVT_PROXY_HEADER === 'on',
        ...more,
      }),
    inForce: () => inForce,
  };
}

async function openList(
  name: ListName,
  { config, logger, conditions, shutdown }: ProcessContext<IngestConfig>,
  metrics: ListMetrics,
  onReplaced: () => void,
): Promise<AddressList | undefined> {
  const variable = VARIABLES[name];
  const condition = conditions.declare(`${name}_list_unusable`);
  const path = config[variable];
  if (path === undefined) return undefined;
  const limits = { maxBytes: config.IVT_LIST_MAX_BYTES, maxRanges: config.IVT_LIST_MAX_RANGES };
  const list = await openAddressList({ variable, path, limits, logger, condition, metrics, onReplaced });
  shutdown.add(`check of ${variable}`, every(CHECK_MS, list.check, { delayMs: CHECK_MS }).stop);
  return list;
}
