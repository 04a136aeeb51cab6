import { anyText, parseOptions, wholeNumber } from '@ads/harness';

export interface Options {
  /** The tag or commit of the former release; if undefined, the newest tag. */
  readonly from: string | undefined;
  readonly rounds: number;
  readonly seed: number;
}

/** Reads the arguments. @throws Error with a message of one line */
export function readOptions(args: readonly string[]): Options {
  return parseOptions(args, { from: anyText, rounds: wholeNumber(1, 6), seed: wholeNumber(0, 1) });
}
