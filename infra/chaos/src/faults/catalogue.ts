import { backups } from './backup.js';
import { clocks } from './clocks.js';
import { counters } from './counters.js';
import { crashPoints } from './crash-points.js';
import type { Fault } from './fault.js';
import { kills, rolling } from './kills.js';
import { networks } from './network.js';
import { names, outages } from './outages.js';
import { pauses } from './pauses.js';
import { queues } from './queue.js';
import { scaledOut } from './scaled-out.js';
import { slowCatalogues } from './slow-catalogue.js';
import { smallVolumes } from './small-volume.js';
import { truths } from './truth.js';

export const FAULTS: readonly Fault[] = [
  ...kills,
  ...crashPoints,
  ...pauses,
  ...outages,
  ...counters,
  ...clocks,
  ...queues,
  ...slowCatalogues,
  ...smallVolumes,
  ...networks,
  ...names,
  rolling,
  ...truths,
  ...backups,
  ...scaledOut,
];
