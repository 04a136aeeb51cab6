import { type AdEvent, EVENT_KINDS, KINDS, perKind } from '@ads/models';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The metrics of ingest beside those of requests. */
export interface IngestMetrics {
  accepted(event: AdEvent): void;
  batch(events: number, by: 'jetstream' | 'postgres' | 'nobody'): void;
}

/** @param maxAds number of ads with a label of their own, first come, first served; the others share `other` */
export function createIngestMetrics(registry: Registry, maxAds: number, queued: () => number): IngestMetrics {
  const registers = [registry];
  const accepted = perKind(() => new Map<string, number>());
  for (const kind of KINDS) {
    const { label, plural } = EVENT_KINDS[kind];
    new Counter({
      name: `ad_${plural}_total`,
      help: `${label}s answered with 202, including retries of the same ${kind}.`,
      labelNames: ['ad_id'],
      registers,
      collect() {
        add(this, accepted[kind]);
      },
    });
  }
  const batches = new Histogram({
    name: 'ingest_batch_events',
    help: 'Events in a batch, by the store that made it durable: jetstream, postgres, or nobody if neither did.',
    labelNames: ['by'],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    registers,
  });
  new Gauge({
    name: 'ingest_queue_events',
    help: 'Events that wait for a batch.',
    registers,
    collect() {
      this.set(queued());
    },
  });

  const labelled = new Set<string>();
  const labelOf = (adId: string): string => {
    if (labelled.has(adId)) return adId;
    if (labelled.size >= maxAds) return 'other';
    labelled.add(adId);
    return adId;
  };

  return {
    accepted({ kind, adId }) {
      const counts = accepted[kind];
      const label = labelOf(adId);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    },
    batch: (events, by) => batches.observe({ by }, events),
  };
}

/** Adds the counts when the metrics are read, because finding a series by its labels takes as long as five additions. */
function add(counter: Counter<'ad_id'>, counts: Map<string, number>): void {
  for (const [adId, count] of counts) counter.inc({ ad_id: adId }, count);
  counts.clear();
}
