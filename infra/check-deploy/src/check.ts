import type { Problem } from './problem.js';
import type { Repository } from './repository.js';

/** The result of a check; `skipped` has a sentence for each part that could not be checked. */
export interface Outcome {
  readonly problems: readonly Problem[];
  readonly skipped?: readonly string[];
}

/** A check of one kind of file or setting. */
export interface Check {
  readonly name: string;
  run(repository: Repository): Outcome | Promise<Outcome>;
}
