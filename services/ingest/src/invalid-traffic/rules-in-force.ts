import { createHash } from 'node:crypto';
import type { RecordingConfig } from '@ads/connections';
import type { InvalidTrafficConfig } from './variables.js';

/** The rules by which events are judged, as answers and audits name them. */
export interface RulesInForce {
  /** Identifies all other fields: SHA-256, the first 16 hexadecimal digits. */
  readonly hash: string;
  /** The hash of each list; null without one. */
  readonly lists: { readonly deny: string | null; readonly datacenter: string | null };
  /** The version of isbot. */
  readonly isbot: string;
  readonly user_agents: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly proxy_header: boolean;
  readonly double_click_ms: number;
  readonly flood_per_hour: number;
}

/** The exact version in `package.json`. The bundle of the service has no manifest of the library to read it from. */
export const ISBOT_VERSION = '5.2.3';

const HASH_DIGITS = 16;

/** @returns the rules, frozen; equal rules have equal hashes */
export function rulesInForce(
  config: Pick<InvalidTrafficConfig, 'IVT_UA_INCLUDE' | 'IVT_UA_EXCLUDE' | 'IVT_PROXY_HEADER'> &
    Pick<RecordingConfig, 'IVT_DOUBLE_CLICK_MS' | 'IVT_FLOOD_PER_HOUR'>,
  lists: RulesInForce['lists'],
): RulesInForce {
  const rules = {
    lists: Object.freeze({ ...lists }),
    isbot: ISBOT_VERSION,
    user_agents: Object.freeze({
      include: Object.freeze(config.IVT_UA_INCLUDE.toSorted()),
      exclude: Object.freeze(config.IVT_UA_EXCLUDE.toSorted()),
    }),
    proxy_header: config.IVT_PROXY_HEADER === 'on',
    double_click_ms: config.IVT_DOUBLE_CLICK_MS,
    flood_per_hour: config.IVT_FLOOD_PER_HOUR,
  };
  const hash = createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, HASH_DIGITS);
  return Object.freeze({ hash, ...rules });
}
