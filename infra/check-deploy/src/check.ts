import type { Problem } from './problem.js';
import type { Repository } from './repository.js';

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
