import type { Part } from '../part.js';
import { answers } from './answers.js';
import { batches } from './batches.js';
import { cost } from './cost.js';
import { drain } from './drain.js';
import { freshness } from './freshness.js';
import { ingest } from './ingest.js';
import { reports } from './reports.js';
import { rules } from './rules.js';
import { tags } from './tags.js';

/** Every part, in the order in which they run. */
export const PARTS = { ingest, batches, tags, rules, drain, freshness, answers, reports, cost } satisfies Record<
  string,
  Part
>;

export type PartName = keyof typeof PARTS;
