/** Something that must be changed, and where. */
export interface Problem {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** The first is 1. */
  readonly line: number;
  readonly message: string;
}
