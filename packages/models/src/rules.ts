import { hash as digest } from 'node:crypto';
import type { Decider } from './verdicts.js';

/** The rules by which a process decides verdicts, and a hash that identifies them. */
export type DecisionRules<Values extends object = object> = Readonly<Values> & {
  readonly by: Decider;
  readonly hash: string;
};

const HASH_DIGITS = 16;

/** @returns the first 16 hexadecimal digits of the SHA-256 of the values; equal values have equal hashes */
export function hashOf(...values: readonly unknown[]): string {
  return digest('sha256', JSON.stringify(values), 'hex').slice(0, HASH_DIGITS);
}

/** @returns the rules, frozen; equal rules, with their fields in the same order, have equal hashes */
export function decisionRules<Values extends object>(by: Decider, values: Values): DecisionRules<Values> {
  return Object.freeze({ by, hash: hashOf(by, values), ...values });
}
