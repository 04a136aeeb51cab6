import { Counter, type Registry } from 'prom-client';
import type { CarriedName } from './tag-session.js';
import type { Vast } from './vast.js';

/** The result of a request for VAST: a document of this kind, or an error. */
export type VastResult = Vast['result'] | 'unknown_ad' | 'unavailable';

export interface VastMetrics {
  served(result: VastResult): void;
  ignored(parameter: CarriedName): void;
}

export function createVastMetrics(registry: Registry): VastMetrics {
  const registers = [registry];
  const served = new Counter({
    name: 'vast_served_total',
    help: 'VAST documents by result: inline, wrapper, empty (the ad is paused, archived, out of its dates, or has no video), unknown_ad, or unavailable (the ad could not be looked up).',
    labelNames: ['result'],
    registers,
  });
  const ignored = new Counter({
    name: 'vast_parameters_ignored_total',
    help: 'Parameters of requests for VAST that were left out because they are not 1 to 64 printable characters.',
    labelNames: ['parameter'],
    registers,
  });
  return {
    served: (result) => served.inc({ result }),
    ignored: (parameter) => ignored.inc({ parameter }),
  };
}
