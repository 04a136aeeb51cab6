import type { Repository } from './repository.js';

/** Something that must be changed, and where. */
export interface Problem {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** The first is 1. */
  readonly line: number;
  readonly message: string;
}

/** What a check found; `skipped` has a sentence for each thing that could not be looked at. */
export interface Outcome {
  readonly problems: readonly Problem[];
  readonly skipped?: readonly string[];
}

/** One thing that is looked at. */
export interface Check {
  readonly name: string;
  run(repository: Repository): Outcome | Promise<Outcome>;
}
