import { hash } from 'node:crypto';
import { createViewerSalts, type Database, dayOf, type ViewerSalts } from '@ads/ledger';
import type { KeyedHash } from '@ads/models';
import { type Clock, type ProcessContext, watchCopy } from '@ads/runtime';
import type { IngestConfig } from '../config.js';
import { WORDS } from './address-words.js';
import type { Agent } from './user-agents.js';

/**
 * Returns the hash of a viewer as a 64-bit integer in decimal digits, undefined without a salt.
 *
 * @param address the address that `readWords` has read
 * @param receivedAt milliseconds since the epoch
 */
export type ViewerHash = (
  address: Uint32Array,
  agent: Pick<Agent, 'fingerprint'>,
  receivedAt: number,
) => string | undefined;

/** After a crash of Postgres all replicas must soon have the same new salt. */
const REFRESH_MS = 10_000;
/** The salts of the next two days are known meanwhile. */
const OLD_AFTER_SECONDS = 3_600;

/** Reads the salts into memory; resolves when they are read, or after `POSTGRES_TIMEOUT_MS`. */
export async function openViewerHash(
  { config, metrics, conditions, shutdown }: ProcessContext<IngestConfig>,
  database: Database,
  clock: Pick<Clock, 'measuredNow'>,
): Promise<ViewerHash> {
  const salts = createViewerSalts({ database, now: clock.measuredNow, refreshMs: REFRESH_MS });
  shutdown.add('salts of viewers', salts.stop);
  const copy = { name: 'viewer_salts', entries: 'days', oldAfter: OLD_AFTER_SECONDS, metrics, conditions };
  shutdown.add('age of the salts of viewers', watchCopy(salts, copy));
  await salts.start(config.POSTGRES_TIMEOUT_MS);
  return viewerHash(salts);
}

/** Separates the key from other uses of the salt. */
const PURPOSE = 'viewer';
const KEY_WORDS = 8;
const FINGERPRINT_WORDS = 4;
const HEX_DIGITS = 16;

/**
 * The hash has the salt of the day of receipt, so at midnight (UTC) each viewer gets another one.
 *
 * It is 64 bits of `SHA-256(key ‖ address ‖ fingerprint of the user agent)`, where the key is an HMAC with the salt. An attack by
 * length extension is impossible, because all three have a fixed length and most bits of the digest are dropped. So the hash is as
 * hard to guess as an HMAC of address and user agent, and takes 0.6 µs instead of 1.5 µs.
 */
export function viewerHash(salts: Pick<ViewerSalts, 'hashOf'>): ViewerHash {
  const block = new Uint32Array(KEY_WORDS + WORDS + FINGERPRINT_WORDS);
  const bytes = new Uint8Array(block.buffer);
  /** The salt of the key in the block. */
  let current: KeyedHash | undefined;
  return (address, { fingerprint }, receivedAt) => {
    const salt = salts.hashOf(dayOf(receivedAt));
    if (salt === undefined) return undefined;
    if (salt !== current) {
      bytes.set(Buffer.from(salt(PURPOSE, 'hex'), 'hex'));
      current = salt;
    }
    block.set(address, KEY_WORDS);
    block.set(fingerprint, KEY_WORDS + WORDS);
    const digest = hash('sha256', bytes, 'hex');
    return BigInt.asIntN(64, BigInt(`0x${digest.slice(0, HEX_DIGITS)}`)).toString();
  };
}
