import type { BoundOptions, BoundResult } from './bound.js';
import { boundDrain, DRAIN_ADS } from './drain.js';
import { boundCatalogue, CATALOGUE_ADS } from './large-catalogue.js';
import { boundMemory, MEMORY_ADS } from './memory.js';
import { boundRebuild, REBUILD_ADS } from './rebuild.js';
import type { BoundsStack } from './stack.js';

interface Bound {
  /** In the catalogue of its stack. */
  readonly ads: number;
  run(stack: BoundsStack, options: BoundOptions): Promise<BoundResult>;
}

/** Every bound, by name. */
export const BOUNDS = {
  memory: { ads: MEMORY_ADS, run: boundMemory },
  drain: { ads: DRAIN_ADS, run: boundDrain },
  rebuild: { ads: REBUILD_ADS, run: boundRebuild },
  catalogue: { ads: CATALOGUE_ADS, run: boundCatalogue },
} satisfies Record<string, Bound>;

export type BoundName = keyof typeof BOUNDS;
