import { Gauge } from 'prom-client';
import type { Metrics } from './metrics.js';

/** Exports the version of the release as the gauge `build_info`, so that queries can tell which versions run side by side. */
export function exportVersion({ registry }: Pick<Metrics, 'registry'>, version: string): void {
  new Gauge({
    name: 'build_info',
    help: 'Always 1. The labels are the versions of the release and of Node.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
}
