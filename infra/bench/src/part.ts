import type { Budget } from './budget.js';
import type { BenchStack } from './stack.js';

/** What a part found: figures for programs, by name. The table for people it prints itself. */
export type PartFigures = Readonly<Record<string, number>>;

export interface Part {
  /** What it measures, in one line. */
  readonly title: string;
  /** In the catalogue of its stack. */
  readonly ads: number;
  /** @throws Error if a check failed; the part then has no figures */
  run(stack: BenchStack, budget: Budget): Promise<PartFigures>;
}
