import { checkDrain, DRAIN_ADS } from './drain.js';
import { CATALOGUE_ADS, checkCatalogue } from './large-catalogue.js';
import type { LimitOptions, LimitResult } from './limit.js';
import { checkMemory, MEMORY_ADS } from './memory.js';
import { checkRebuild, REBUILD_ADS } from './rebuild.js';
import type { LimitsStack } from './stack.js';

interface Limit {
  /** The number of ads in the catalogue. */
  readonly ads: number;
  run(stack: LimitsStack, options: LimitOptions): Promise<LimitResult>;
}

export const LIMITS = {
  memory: { ads: MEMORY_ADS, run: checkMemory },
  drain: { ads: DRAIN_ADS, run: checkDrain },
  rebuild: { ads: REBUILD_ADS, run: checkRebuild },
  catalogue: { ads: CATALOGUE_ADS, run: checkCatalogue },
} satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
