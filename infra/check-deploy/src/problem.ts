/** A mistake and its line in a file. */
export interface Problem {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** The number of the line; the first line is 1. */
  readonly line: number;
  readonly message: string;
}
