import { loadConfig } from '@ads/runtime';
import { describe, expect, it } from '@jest/globals';
import type { SigningConfig } from '../src/tags/signing-variables.js';
import { signingVariables } from '../src/tags/signing-variables.js';
import { readTagQuery } from '../src/tags/tag-query.js';
import { createTagSignatures, type SignedTag, type TagSignatures } from '../src/tags/tag-signatures.js';

const [A, B] = ['0123456789abcdef'.repeat(2), 'ghijklmnopqrstuv'.repeat(2)] as const;
const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const TAG: SignedTag = { adId: 'ad-001', sid: '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d', placement: 'home & näh' };

const a = createTagSignatures([{ id: 'a', secret: A }], HOUR_MS);
const signed = a.sign(TAG, NOW);
const outcome = (signature: string | undefined, tag: Partial<SignedTag> = {}, now = NOW, by: TagSignatures = a) =>
  by.check(signature, { ...TAG, ...tag }, now).outcome;

describe('a signature', () => {
  it('is short, safe in a URL, and holds for the whole minute of its expiry', () => {
    expect(signed).toMatch(/^a\.[\da-z]{5}\.[\w-]{16}$/);
    expect(outcome(signed)).toBe('valid');
    expect(outcome(signed, { sid: TAG.sid?.toUpperCase() })).toBe('valid');
    const end = Math.ceil((NOW + HOUR_MS) / 60_000) * 60_000;
    expect([outcome(signed, {}, end), outcome(signed, {}, end + 1)]).toEqual(['valid', 'expired']);
    // The clock of the replica that checks is behind that of the replica that signed.
    expect(outcome(signed, {}, NOW - 30 * 24 * HOUR_MS)).toBe('valid');
  });

  it.each<[string, Partial<SignedTag>]>([
    ['another ad', { adId: 'ad-002' }],
    ['another placement', { placement: 'footer' }],
    ['no placement', { placement: undefined }],
    ['another session', { sid: '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8e' }],
    ['no session', { sid: undefined }],
    ['values that are joined differently', { sid: `${TAG.sid}\nad-001`, adId: 'home & näh', placement: '' }],
  ])('does not hold for %s', (_, tag) => {
    expect(outcome(signed, tag)).toBe('bad_signature');
  });

  it('without a session does not expire, and holds only without a session', () => {
    const pasted = a.signForEver({ ...TAG, sid: undefined });
    expect(outcome(pasted, { sid: undefined }, NOW + 9_000 * 24 * HOUR_MS)).toBe('valid');
    expect(outcome(pasted)).toBe('bad_signature');
  });

  const [key, expiry, mac] = signed.split('.') as [string, string, string];
  it.each<[string, string]>([
    ['truncated', signed.slice(0, -1)],
    ['longer', `${signed}A`],
    ['doubled', `${signed}.${signed}`],
    ['in the alphabet of base64', `${key}.${expiry}.${'+/'.repeat(8)}`],
    ['with padding', `${key}.${expiry}.${mac.slice(0, -2)}==`],
    ['with characters beyond ASCII', `${key}.${expiry}.${'ａ'.repeat(16)}`],
    ['with a line break', `${signed}\n`],
    ['in other letters', `${key}.${expiry}.${mac.toLowerCase()}`],
    ['of an unknown key', `b.${expiry}.${mac}`],
    ['of a key named like a property', `__proto__.${expiry}.${mac}`],
    ['with a later expiry', `${key}.zzzzz.${mac}`],
    ['with no expiry', `${key}.0.${mac}`],
    ['without a hash', `${key}.${expiry}.`],
    ['huge', signed.repeat(60)],
  ])('that is %s is bad', (_, signature) => {
    expect(outcome(signature)).toBe('bad_signature');
  });

  it('is read from a query in any order of parameters, and the first one counts', () => {
    const parts = [`sid=${TAG.sid}`, `sg=${signed}`, `pl=${encodeURIComponent(TAG.placement ?? '')}`, 'ts=[TIMESTAMP]'];
    const check = (query: string) => {
      const { sg, sid, placement } = readTagQuery(query, () => undefined);
      return outcome(sg, { sid, placement });
    };
    expect(check(parts.join('&'))).toBe('valid');
    expect(check(parts.reverse().join('&'))).toBe('valid');
    expect(check(`${parts.join('&')}&sg=bad&pl=footer`)).toBe('valid');
    expect(check(`pl=footer&${parts.join('&')}`)).toBe('bad_signature');
    expect(check(`sg=bad&${parts.join('&')}`)).toBe('bad_signature');
    // Parameters that are empty, unfilled or longer than 2 KB are ignored.
    for (const ignored of ['', '[SG]', 'x'.repeat(2_049)])
      expect(check(`sg=${ignored}&${parts.join('&')}`)).toBe('unsigned');
  });
});

describe('the rotation of keys', () => {
  const [oldKey, newKey] = [
    { id: 'a', secret: A },
    { id: 'b', secret: B },
  ] as const;
  const steps = [[oldKey], [oldKey, newKey], [newKey, oldKey], [newKey]] as const;
  const replicas = steps.map((keys) => createTagSignatures(keys, HOUR_MS));

  it('has no gap while replicas are one step apart', () => {
    for (const [index, replica] of replicas.entries()) {
      for (const other of replicas.slice(Math.max(0, index - 1), index + 2)) {
        expect([index, outcome(replica.sign(TAG, NOW), {}, NOW, other)]).toEqual([index, 'valid']);
      }
    }
  });

  it('names the key of each signature, and refuses those of a removed key', () => {
    const [first, , third, last] = replicas as [TagSignatures, TagSignatures, TagSignatures, TagSignatures];
    const old = first.sign(TAG, NOW);
    expect(third.check(old, TAG, NOW)).toEqual({ outcome: 'valid', keyId: 'a' });
    expect(last.check(old, TAG, NOW)).toEqual({ outcome: 'bad_signature' });
  });
});

describe('TAG_SIGNING_KEYS', () => {
  const read = (keys?: string, mode = 'report') =>
    loadConfig<SigningConfig>(
      { TAG_SIGNING: mode, ...(keys === undefined ? {} : { TAG_SIGNING_KEYS: keys }) },
      signingVariables,
    );

  it('has keys between commas and line breaks', () => {
    expect(read(`a:${A},\n b:${B}:x\n`).TAG_SIGNING_KEYS).toEqual([
      { id: 'a', secret: A },
      { id: 'b', secret: `${B}:x` },
    ]);
    expect(read(undefined, 'off')).toEqual({ TAG_SIGNING: 'off', TAG_SIGNATURE_HOURS: 72 });
  });

  it.each<[string | undefined, string]>([
    [undefined, 'TAG_SIGNING: report needs TAG_SIGNING_KEYS'],
    [',', 'TAG_SIGNING_KEYS: is not valid'],
    [A, 'key 1 of the list must be id:secret'],
    [`${'a'.repeat(17)}:${A}`, 'key 1 of the list must be id:secret'],
    [`a:${A},b:${A.slice(1)}`, 'the secret of key 2 of the list must have 32 to 256 printable ASCII characters'],
    [`a:${'0123456'.repeat(5)}`, 'the secret of key 1 of the list must have 8 different characters or more'],
    [`a:${A},a:${B}`, 'key 2 of the list has the id of another key'],
    [`a:${A},b:${A}`, 'key 2 of the list has the secret of another key'],
    [Array.from({ length: 9 }, (_, n) => `${n}:${n}${A}`).join(), 'must have at most 8 keys'],
  ])('%s is refused, and not shown', (keys, message) => {
    const error = (() => {
      try {
        return read(keys);
      } catch (thrown) {
        return String(thrown);
      }
    })();
    expect(error).toContain(message);
    expect(error).not.toContain(A.slice(1));
  });
});
