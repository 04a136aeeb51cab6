import { timingSafeEqual } from 'node:crypto';
import { type IngestVerdict, type KeyedHash, keyedHash } from '@ads/models';
import type { SigningKey } from './signing-variables.js';

/** The parts of a tag that its signature covers. */
export interface SignedTag {
  readonly adId: string;
  /** The session of a VAST document; undefined for tags of pages. */
  readonly sid: string | undefined;
  readonly placement: string | undefined;
}

/** The verdicts on events by the signatures of their tags. */
export type SignatureVerdict = Extract<IngestVerdict, 'unsigned' | 'bad_signature' | 'expired'>;
/** The result of a check. */
export type SignatureOutcome = 'valid' | SignatureVerdict;

export interface SignatureCheck {
  readonly outcome: SignatureOutcome;
  /** Id of the key of a signature that is valid or has expired. */
  readonly keyId?: string;
}

/**
 * Signs tags and checks their signatures, which are the parameter `sg`: id of the key, minute of the expiry since the epoch in
 * base 36, and 96 bits of an HMAC-SHA-256 in base64url, separated by dots.
 */
export interface TagSignatures {
  /** @param now milliseconds since the epoch */
  readonly sign: (tag: SignedTag, now: number) => string;
  /** The signature does not expire. */
  readonly signForEver: (tag: SignedTag) => string;
  /** @param signature the decoded parameter; undefined if the tag has none */
  readonly check: (signature: string | undefined, tag: SignedTag, now: number) => SignatureCheck;
}

/** The base64url text of the hash has no unused bits, so each hash has exactly one text. */
const SIGNATURE = /^([\w-]{1,16})\.([\da-z]{1,8})\.([\w-]{16})$/;
const HASH_LENGTH = 16;
const NEVER = '0';
const MINUTE_MS = 60_000;

const UNSIGNED: SignatureCheck = { outcome: 'unsigned' };
const BAD: SignatureCheck = { outcome: 'bad_signature' };

interface Verifier {
  readonly hash: KeyedHash;
  readonly valid: SignatureCheck;
  readonly expired: SignatureCheck;
}

/**
 * @param keys the first one signs, all verify
 * @param lifetimeMs how long a signature with an expiry holds
 */
export function createTagSignatures(keys: readonly [SigningKey, ...SigningKey[]], lifetimeMs: number): TagSignatures {
  const verifiers = new Map(
    keys.map(({ id: keyId, secret }): [string, Verifier] => [
      keyId,
      {
        hash: keyedHash(Buffer.from(secret)),
        valid: { outcome: 'valid', keyId },
        expired: { outcome: 'expired', keyId },
      },
    ]),
  );
  const [{ id: signer }] = keys;
  const { hash } = verifiers.get(signer) as Verifier;
  const signUntil = (expiry: string, tag: SignedTag): string => `${signer}.${expiry}.${hashOf(hash, expiry, tag)}`;
  return {
    sign: (tag, now) => signUntil(Math.ceil((now + lifetimeMs) / MINUTE_MS).toString(36), tag),
    signForEver: (tag) => signUntil(NEVER, tag),
    check(signature, tag, now) {
      if (signature === undefined) return UNSIGNED;
      const [, keyId = '', expiry = '', given = ''] = SIGNATURE.exec(signature) ?? [];
      const verifier = verifiers.get(keyId);
      if (verifier === undefined || !areEqual(given, hashOf(verifier.hash, expiry, tag))) return BAD;
      return expiry === NEVER || now <= Number.parseInt(expiry, 36) * MINUTE_MS ? verifier.valid : verifier.expired;
    },
  };
}

/** No value that we sign contains a line break, so each text stands for one tag only. */
function hashOf(hash: KeyedHash, expiry: string, { adId, sid = '', placement = '' }: SignedTag): string {
  const text = `${expiry}\n${sid.toLowerCase()}\n${adId}\n${placement}`;
  return hash(text, 'base64url').slice(0, HASH_LENGTH);
}

const left = Buffer.alloc(HASH_LENGTH);
const right = Buffer.alloc(HASH_LENGTH);

/** Compares two texts of {@link HASH_LENGTH} characters in constant time. */
function areEqual(a: string, b: string): boolean {
  left.write(a, 'latin1');
  right.write(b, 'latin1');
  return timingSafeEqual(left, right);
}
