import type { Budget } from './budget.js';
import type { BenchStack } from './stack.js';

/** The figures of a part by name, for the line of JSON. */
export type PartFigures = Readonly<Record<string, number>>;

export interface Part {
  /** One line that says what the part measures. */
  readonly title: string;
  /** The number of ads in the catalogue. */
  readonly ads: number;
  /** Measures the part. @throws Error if a check failed; the part then has no figures */
  run(stack: BenchStack, budget: Budget): Promise<PartFigures>;
}
