import type { Budget } from './budget.js';
import type { BenchStack } from './stack.js';

/** The figures of a part, by name, for programs. The part prints its own table for people. */
export type PartFigures = Readonly<Record<string, number>>;

export interface Part {
  /** One line that says what the part measures. */
  readonly title: string;
  /** In the catalogue of its stack. */
  readonly ads: number;
  /** @throws Error if a check failed; the part then has no figures */
  run(stack: BenchStack, budget: Budget): Promise<PartFigures>;
}
