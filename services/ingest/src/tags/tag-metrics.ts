import { Counter, type Registry } from 'prom-client';
import { MACROS, type Macro } from './tag-query.js';

/** The kinds of tags, as a label. */
export type TagName = 'pixel' | 'click';

/** Counters of requests and macros that are not events. */
export interface TagMetrics {
  readonly unfilled: (macro: Macro) => void;
  readonly unknownEvent: () => void;
  readonly prefetched: (tag: TagName) => void;
}

export function createTagMetrics(registry: Registry): TagMetrics {
  const registers = [registry];
  const unfilled = new Counter({
    name: 'vast_macro_unfilled_total',
    help: 'Macros of VAST that players left unfilled in the URL of a tag.',
    labelNames: ['macro'],
    registers,
  });
  const unknownEvents = new Counter({
    name: 'tag_unknown_events_total',
    help: 'Pixels of events that VAST does not have; they were answered 404.',
    registers,
  });
  const prefetches = new Counter({
    name: 'tag_prefetches_total',
    help: 'Tags that a browser fetched in advance; they are not events.',
    labelNames: ['tag'],
    registers,
  });
  const byMacro = new Map(MACROS.map((macro) => [macro, unfilled.labels(macro)]));
  const byTag = { pixel: prefetches.labels('pixel'), click: prefetches.labels('click') };
  for (const child of [...byMacro.values(), ...Object.values(byTag)]) child.inc(0);
  return {
    unfilled: (macro) => byMacro.get(macro)?.inc(),
    unknownEvent: () => unknownEvents.inc(),
    prefetched: (tag) => byTag[tag].inc(),
  };
}
