import { type Clock, type KeyConfig, type ProcessContext, watchCopy } from '@ads/runtime';
import type { Database } from './dependencies.js';
import { createKeyRing, type KeyRing } from './key-ring.js';

const OLD_AFTER_SECONDS = 30;

/**
 * Opens the keys of a service, and tells when they cannot be read. @param database not one with slow reads: they would delay a
 * deletion
 */
export function openKeyRing(
  { config, metrics, conditions, shutdown }: ProcessContext<KeyConfig>,
  database: Database,
  clock: Pick<Clock, 'measuredNow'>,
): KeyRing {
  const keys = createKeyRing({ database, now: clock.measuredNow, maxAgeMs: config.API_KEYS_MAX_AGE_SECONDS * 1_000 });
  shutdown.add('API keys', keys.stop);
  const copy = { name: 'api_keys', entries: 'kept', oldAfter: OLD_AFTER_SECONDS, metrics, conditions };
  shutdown.add('age of the API keys', watchCopy(keys, copy));
  return keys;
}
