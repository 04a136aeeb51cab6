import { drain } from './drain.js';
import { catalogue } from './large-catalogue.js';
import type { Limit } from './limit.js';
import { lists } from './lists.js';
import { memory } from './memory.js';
import { rebuild } from './rebuild.js';

export const LIMITS = { memory, drain, rebuild, catalogue, lists } satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;
