import type { Check } from '../../src/check.js';

/** One mistake in a file of the repository, and what is said of it. */
export interface Planted {
  readonly check: Check;
  readonly file: string;
  /** The first place where it fits. */
  readonly find: string | RegExp;
  readonly replace: string;
  /** What is on the line that is named, from that place on; unless told the line where the mistake begins. */
  readonly at?: string;
  readonly says: RegExp;
}
