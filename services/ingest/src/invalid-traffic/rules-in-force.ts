import { type DecisionRules, decisionRules } from '@ads/models';
import type { SigningConfig } from '../tags/signing-variables.js';
import type { InvalidTrafficConfig } from './variables.js';

/** The rules by which ingest judges events, as answers and audits name them. */
export type RulesInForce = DecisionRules<{
  /** The hash of each list; null without one. */
  readonly lists: { readonly deny: string | null; readonly datacenter: string | null };
  /** The version of isbot; null if no event is judged. */
  readonly isbot: string | null;
  readonly user_agents: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly proxy_header: boolean;
  readonly tag_signing: SigningConfig['TAG_SIGNING'];
}>;

/** The exact version in `package.json`. The bundle of the service has no manifest of the library to read it from. */
export const ISBOT_VERSION = '5.2.3';

/** The rules with `IVT=off`. */
export const NO_RULES: RulesInForce = decisionRules('ingest', {
  lists: { deny: null, datacenter: null },
  isbot: null,
  user_agents: { include: [], exclude: [] },
  proxy_header: false,
  tag_signing: 'off',
});

export function rulesInForce(
  config: Pick<InvalidTrafficConfig, 'IVT_UA_INCLUDE' | 'IVT_UA_EXCLUDE' | 'IVT_PROXY_HEADER'> &
    Pick<SigningConfig, 'TAG_SIGNING'>,
  lists: RulesInForce['lists'],
): RulesInForce {
  return decisionRules('ingest', {
    lists,
    isbot: ISBOT_VERSION,
    user_agents: { include: config.IVT_UA_INCLUDE.toSorted(), exclude: config.IVT_UA_EXCLUDE.toSorted() },
    proxy_header: config.IVT_PROXY_HEADER === 'on',
    tag_signing: config.TAG_SIGNING,
  });
}
