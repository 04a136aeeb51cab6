import type { Check } from '../../src/check.js';

/** A mistake in a file of the repository, and the message that a check must report. */
export interface Planted {
  readonly check: Check;
  readonly file: string;
  /** The first match is replaced. */
  readonly find: string | RegExp;
  readonly replace: string;
  /** Text on the reported line, searched from `find` on; by default the line where `find` matches. */
  readonly at?: string;
  readonly says: RegExp;
}
