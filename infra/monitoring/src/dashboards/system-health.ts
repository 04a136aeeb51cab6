import type { Plan } from '../dashboard.js';
import { atLeast, atMost, chart, stat } from '../panels.js';
import { orNone, PICKED, quantile, rate } from '../promql.js';

export const systemHealth: Plan = {
  name: 'system-health',
  title: 'System Health',
  description: 'Processes and dependencies: their resources and how much of them is used.',
  variables: ['service'],
  rows: {
    'At a glance': [
      stat({
        title: 'Processes that run',
        description: 'Processes that Prometheus reaches.',
        unit: 'short',
        queries: { '{{job}}': 'sum by (job) (up{job=~"$service"})' },
        limits: atLeast(1, 1),
        width: 6,
      }),
      stat({
        title: 'Dependencies',
        description: 'Unavailable as soon as one process cannot use it.',
        unit: 'short',
        queries: { '{{dependency}}': `min by (dependency) (dependency_up{${PICKED}})` },
        words: { 0: 'unavailable', 1: 'up' },
        limits: atLeast(1, 1),
        width: 6,
      }),
      stat({
        title: 'Counters in Redis',
        description: 'While the counters are not trusted, Postgres answers, and the consumers rebuild them.',
        unit: 'short',
        queries: { counters: 'min(counters_trusted)' },
        words: { 0: 'not trusted', 1: 'trusted' },
        limits: atLeast(1, 1),
        width: 4,
      }),
      stat({
        title: 'Stream filled',
        description:
          'Share of NATS_STREAM_MAX_BYTES in use. A full stream refuses clicks, which then go to Postgres. The alert fires at 80%.',
        unit: 'percentunit',
        queries: { '{{stream}}': 'queue:stream_bytes:ratio' },
        limits: atMost(0.5, 0.8),
        nothing: 'no limit set',
        width: 4,
      }),
      stat({
        title: 'Postgres pool in use',
        description: 'Share of the connections of a process, in the process that uses most.',
        unit: 'percentunit',
        queries: {
          lent: `max(database_pool_connections{state="in_use",${PICKED}} / ignoring(state) database_pool_max_connections{${PICKED}})`,
        },
        limits: atMost(0.8, 1),
        width: 4,
      }),
    ],
    Processes: [
      chart({
        title: 'Processor',
        description: 'Cores in use, by service. One Node process uses little more than one.',
        unit: 'short',
        queries: { '{{service}}': rate(`process_cpu_seconds_total{${PICKED}}`, 'service') },
        width: 8,
      }),
      chart({
        title: 'Resident memory',
        description: 'The largest process of each service. A container is killed above 256 MB.',
        unit: 'bytes',
        queries: { '{{service}}': `max by (service) (process_resident_memory_bytes{${PICKED}})` },
        limits: atMost(200 * 1024 ** 2, 256 * 1024 ** 2),
        width: 8,
      }),
      chart({
        title: 'Heap',
        description: 'The largest process of each service. The heap limit is half of the memory.',
        unit: 'bytes',
        queries: {
          '{{service}} used': `max by (service) (nodejs_heap_size_used_bytes{${PICKED}})`,
          '{{service}} reserved': `max by (service) (nodejs_heap_size_total_bytes{${PICKED}})`,
        },
        width: 8,
      }),
      chart({
        title: 'Lag of the event loop (p99)',
        description: 'Delay of timers and callbacks. Above 250 ms the process has too little CPU.',
        unit: 's',
        queries: { '{{service}}': `max by (service) (nodejs_eventloop_lag_p99_seconds{${PICKED}})` },
        limits: atMost(0.1, 0.25),
        width: 8,
      }),
      chart({
        title: 'Garbage collection',
        description: 'Share of the time that a service spends in garbage collection.',
        unit: 'percentunit',
        queries: {
          '{{service}}': `avg by (service) (sum without (kind) (rate(nodejs_gc_duration_seconds_sum{${PICKED}}[$__rate_interval])))`,
        },
        width: 8,
      }),
      chart({
        title: 'Events that wait in ingest',
        description:
          'Events that wait for a batch, in the process with most. At INGEST_QUEUE_EVENTS (20,000) it answers 503.',
        unit: 'short',
        queries: { waiting: 'max(ingest_queue_events)' },
        limits: atMost(10_000, 20_000),
        width: 8,
      }),
    ],
    Postgres: [
      chart({
        title: 'Statements',
        description: 'By operation.',
        unit: 'ops',
        queries: { '{{operation}}': rate(`database_operations_total{${PICKED}}`, 'operation') },
        width: 8,
      }),
      chart({
        title: 'Time of a batch in Postgres',
        description: 'One transaction of up to 20,000 events, retries included.',
        unit: 's',
        queries: {
          p50: quantile(0.5, 'database_operation_duration_seconds_bucket{operation="record_batch"}'),
          p99: quantile(0.99, 'database_operation_duration_seconds_bucket{operation="record_batch"}'),
        },
        limits: atMost(1, 5),
        width: 8,
      }),
      chart({
        title: 'Connections',
        description: 'Connections in use and idle, and queries that wait for one. Long waits raise an alert.',
        unit: 'short',
        queries: {
          '{{service}} {{state}}': `sum by (service, state) (database_pool_connections{${PICKED}})`,
          '{{service}} waiting': `sum by (service) (database_pool_waiting{${PICKED}})`,
        },
        width: 8,
      }),
    ],
    'Redis and NATS': [
      chart({
        title: 'Operations on Redis',
        description: 'By operation.',
        unit: 'ops',
        queries: {
          '{{operation}}': rate(`redis_operations_total{operation!="read_counters",${PICKED}}`, 'operation'),
        },
        width: 8,
      }),
      chart({
        title: 'Rebuilds of the counters (p99)',
        description: 'Duration of rebuilds. None is needed while Redis keeps its data.',
        unit: 's',
        queries: {
          p99: `${quantile(0.99, 'counters_rebuild_duration_seconds_bucket')} or vector(0)`,
        },
        width: 8,
      }),
      chart({
        title: 'Messages of NATS',
        description: 'Batches that ingest published and consumers received. Under load a batch holds many events.',
        unit: 'ops',
        queries: {
          '{{service}} {{direction}}': orNone(rate(`nats_messages_total{${PICKED}}`, 'service, direction'), 'service'),
        },
        width: 8,
      }),
      chart({
        title: 'Events in a batch',
        description: 'Average when ingest publishes and when consumers record. It grows with the load.',
        unit: 'short',
        queries: {
          published: `${rate('ingest_batch_events_sum')} / (${rate('ingest_batch_events_count')} > 0)`,
          recorded: `${rate('ledger_batch_events_sum')} / (${rate('ledger_batch_events_count')} > 0)`,
        },
        width: 8,
      }),
      chart({
        title: 'Bytes in the streams',
        description:
          'Events leave their stream when they are recorded; dead letters stay until an operator replays or drops them.',
        unit: 'bytes',
        queries: { '{{stream}}': 'max by (stream) (jetstream_stream_bytes)' },
        width: 8,
      }),
      chart({
        title: 'Messages in the streams',
        description:
          'Events leave their stream when they are recorded; dead letters stay until an operator replays or drops them.',
        unit: 'short',
        queries: { '{{stream}}': 'max by (stream) (jetstream_stream_messages)' },
        width: 8,
      }),
    ],
  },
};
