import { type AdEvent, EVENT_KINDS, INVALID_VERDICTS, isIngestVerdict, VALID_COLUMNS } from '@ads/models';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The metrics of ingest beside those of requests. */
export interface IngestMetrics {
  accepted(event: AdEvent): void;
  batch(events: number, by: 'jetstream' | 'postgres' | 'nobody'): void;
  /** Called with the number of events of reused sessions in a batch that went to Postgres. */
  reused(events: number): void;
}

/** @param maxAds number of ads with a label of their own, first come, first served; the others share `other` */
export function createIngestMetrics(registry: Registry, maxAds: number, queued: () => number): IngestMetrics {
  const registers = [registry];
  const accepted = new Map(
    VALID_COLUMNS.map((column) => {
      const counts = new Map<string, number>();
      const events = column.replaceAll('_', ' ');
      new Counter({
        name: `ad_${column}_total`,
        help: `Accepted ${column === 'others' ? 'events of other kinds' : events}, including retries of the same event.`,
        labelNames: ['ad_id'],
        registers,
        collect() {
          add(this, counts);
        },
      });
      return [column, counts] as const;
    }),
  );
  const verdicts = new Map<string, number>(
    ['valid', ...INVALID_VERDICTS.filter(isIngestVerdict)].map((name) => [name, 0]),
  );
  new Counter({
    name: 'ingest_verdicts_total',
    help: 'Accepted events by the verdict of ingest, including retries of the same event. The verdicts of recording are not among them.',
    labelNames: ['verdict'],
    registers,
    collect() {
      for (const [verdict, count] of verdicts) {
        this.inc({ verdict }, count);
        verdicts.set(verdict, 0);
      }
    },
  });
  const batches = new Histogram({
    name: 'ingest_batch_events',
    help: 'Events in a batch, by the store that made it durable: jetstream, postgres, or nobody if no store accepted it.',
    labelNames: ['by'],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    registers,
  });
  const reusedSessions = new Counter({
    name: 'vast_sid_reused_total',
    help: 'Repeated pixels and clicks of the session of a VAST document that came from another viewer than the stored event: a cache gave the document to several viewers.',
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
    accepted({ kind, adId, verdict = 'valid' }) {
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      const counts = accepted.get(EVENT_KINDS[kind].column);
      const label = labelOf(adId);
      counts?.set(label, (counts.get(label) ?? 0) + 1);
    },
    reused: (events) => reusedSessions.inc(events),
    batch: (events, by) => batches.observe({ by }, events),
  };
}

/** Adds the counts when the metrics are read, because finding a series by its labels takes as long as five additions. */
function add(counter: Counter<'ad_id'>, counts: Map<string, number>): void {
  for (const [adId, count] of counts) counter.inc({ ad_id: adId }, count);
  counts.clear();
}
