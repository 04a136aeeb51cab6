/** A mistake, and the line that holds it. */
export interface Problem {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** The first is 1. */
  readonly line: number;
  readonly message: string;
}
