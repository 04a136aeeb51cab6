import type { ProcessContext } from '@ads/runtime';
import { Counter, type Registry } from 'prom-client';
import type { SigningConfig, SigningKey } from './signing-variables.js';
import type { TagQuery } from './tag-query.js';
import { createTagSignatures, type SignatureCheck, type TagSignatures } from './tag-signatures.js';

/** The signatures of tags, with the metric of their checks. */
export interface TagSigning extends Pick<TagSignatures, 'sign' | 'signForEver'> {
  /** Checks the signature of a tag that was fetched at `now`, and counts the outcome. */
  readonly observe: (adId: string, query: TagQuery, now: number) => void;
}

const HOUR_MS = 3_600_000;

/** Returns undefined with `TAG_SIGNING=off`. */
export function openTagSigning({
  config: { TAG_SIGNING_KEYS: keys = [], TAG_SIGNING: mode, TAG_SIGNATURE_HOURS: hours },
  metrics: { registry },
}: Pick<ProcessContext<SigningConfig>, 'config' | 'metrics'>): TagSigning | undefined {
  const [first, ...others] = keys;
  if (mode === 'off' || first === undefined) return undefined;
  const { sign, signForEver, check } = createTagSignatures([first, ...others], hours * HOUR_MS);
  const count = signatureCounter(registry, keys);
  return {
    sign,
    signForEver,
    observe: (adId, query, now) => count(check(query.sg, { adId, sid: query.sid, placement: query.placement }, now)),
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
