import type { EventAccessConfig, Logger, Metrics } from '@ads/runtime';
import { Counter, type Registry } from 'prom-client';
import type { SigningConfig, SigningKey } from './signing-variables.js';
import type { TagQuery } from './tag-query.js';
import {
  createTagSignatures,
  type SignatureCheck,
  type SignatureOutcome,
  type TagSignatures,
} from './tag-signatures.js';

/** The signatures of tags, with the metric of their checks. */
export interface TagSigning extends Pick<TagSignatures, 'sign' | 'signForEver'> {
  /** Checks the signature of a tag that was fetched at `now`, and counts the outcome. */
  readonly outcomeOf: (adId: string, query: TagQuery, now: number) => SignatureOutcome;
  /** True if an event whose tag has no valid signature is invalid. */
  readonly isEnforced: boolean;
}

const HOUR_MS = 3_600_000;

/** Returns undefined with `TAG_SIGNING=off`. */
export function openTagSigning({
  config: { TAG_SIGNING_KEYS: keys = [], TAG_SIGNING: mode, TAG_SIGNATURE_HOURS: hours, EVENTS_ACCESS: access },
  metrics: { registry },
  logger,
}: {
  readonly config: SigningConfig & EventAccessConfig;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly logger: Pick<Logger, 'warn'>;
}): TagSigning | undefined {
  const [first, ...others] = keys;
  if (mode === 'off' || first === undefined) return undefined;
  const { sign, signForEver, check } = createTagSignatures([first, ...others], hours * HOUR_MS);
  if (mode === 'enforce' && access === 'public') {
    logger.warn(
      'TAG_SIGNING=enforce does not cover the JSON endpoints, to which everybody may send events: set EVENTS_ACCESS=key',
      { event: 'tags.signing_avoidable' },
    );
  }
  const count = signatureCounter(registry, keys);
  return {
    sign,
    signForEver,
    outcomeOf(adId, { sg, sid, placement }, now) {
      const checked = check(sg, { adId, sid, placement }, now);
      count(checked);
      return checked.outcome;
    },
    isEnforced: mode === 'enforce',
  };
}

/** The label `key` of signatures that no key has made. */
const NO_KEY = 'none';

function signatureCounter(registry: Registry, keys: readonly SigningKey[]): (check: SignatureCheck) => void {
  const counter = new Counter({
    name: 'tag_signatures_total',
    help: 'Pixels and click-through links that were fetched, by the outcome of the check of their signature (valid, expired, bad_signature, or unsigned) and the id of its key (none for the last two).',
    labelNames: ['outcome', 'key'],
    registers: [registry],
  });
  const outcomes = [
    ...keys.flatMap(({ id }) => [{ outcome: 'valid', key: id } as const, { outcome: 'expired', key: id } as const]),
    ...([
      { outcome: 'bad_signature', key: NO_KEY },
      { outcome: 'unsigned', key: NO_KEY },
    ] as const),
  ];
  const children = new Map(outcomes.map(({ outcome, key }) => [`${outcome} ${key}`, counter.labels(outcome, key)]));
  for (const child of children.values()) child.inc(0);
  return ({ outcome, keyId = NO_KEY }) => children.get(`${outcome} ${keyId}`)?.inc();
}
