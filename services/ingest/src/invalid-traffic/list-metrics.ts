import { Gauge, type Registry } from 'prom-client';

/** The gauges of one list of addresses. */
export interface ListMetrics {
  /** @param modifiedAt the time of the file, in milliseconds since the epoch */
  loaded(ranges: number, modifiedAt: number): void;
  /** @param isCurrent false if the file cannot be used */
  checked(isCurrent: boolean): void;
}

/** @returns the gauges of a list by its name in them */
export function createListMetrics(registry: Registry): (list: string) => ListMetrics {
  const options = { labelNames: ['list'] as const, registers: [registry] };
  const modified = new Map<string, number>();
  const ranges = new Gauge({
    name: 'ivt_list_ranges',
    help: 'Ranges of addresses in memory, without those that are within others.',
    ...options,
  });
  const current = new Gauge({
    name: 'ivt_list_current',
    help: '1 if the file of the list is the one in memory; 0 if it cannot be used, so that an older list is in force.',
    ...options,
  });
  new Gauge({
    name: 'ivt_list_age_seconds',
    help: 'Seconds since the file of the list that is in memory was written.',
    ...options,
    collect() {
      for (const [list, time] of modified) this.set({ list }, Math.max(0, (Date.now() - time) / 1_000));
    },
  });
  return (list) => ({
    loaded(count, modifiedAt) {
      modified.set(list, modifiedAt);
      ranges.set({ list }, count);
    },
    checked: (isUsable) => current.set({ list }, isUsable ? 1 : 0),
  });
}
