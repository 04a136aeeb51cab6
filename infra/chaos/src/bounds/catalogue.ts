import type { BoundOptions, BoundResult } from './bound.js';
import { boundMemory, MEMORY_ADS } from './memory.js';
import type { BoundsStack } from './stack.js';

interface Bound {
  /** In the catalogue of its stack. */
  readonly ads: number;
  run(stack: BoundsStack, options: BoundOptions): Promise<BoundResult>;
}

/** Every bound, by name. */
export const BOUNDS = {
  memory: { ads: MEMORY_ADS, run: boundMemory },
} satisfies Record<string, Bound>;

export type BoundName = keyof typeof BOUNDS;
