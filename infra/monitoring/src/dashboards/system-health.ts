import type { Plan } from '../dashboard.js';
import { atLeast, atMost, chart, stat } from '../panels.js';
import { medianAndTail, orNone, PICKED, quantile, rate } from '../promql.js';

const STREAMS =
  'Events leave their stream when they are recorded; dead letters stay until an operator replays or drops them.';

export const systemHealth: Plan = {
  name: 'system-health',
  title: 'System Health',
  description: 'Processes and dependencies: their resources and how much of them is used.',
  variables: ['service'],
  rows: {
    'At a glance': [
      stat('Processes that run', 'short', {
        description: 'Processes that Prometheus reaches.',
        queries: { '{{job}}': 'sum by (job) (up{job=~"$service"})' },
        limits: atLeast(1, 1),
        width: 6,
      }),
      stat('Dependencies', 'short', {
        description: 'A dependency shows as unavailable as soon as one process cannot use it.',
        queries: { '{{dependency}}': `min by (dependency) (dependency_up{${PICKED}})` },
        words: { 0: 'unavailable', 1: 'up' },
        limits: atLeast(1, 1),
        width: 6,
      }),
      stat('Counters in Redis', 'short', {
        description: 'While the counters are not trusted, Postgres answers, and the consumers rebuild them.',
        queries: { counters: 'min(counters_trusted)' },
        words: { 0: 'not trusted', 1: 'trusted' },
        limits: atLeast(1, 1),
      }),
      stat('Stream filled', 'percentunit', {
        description:
          'Share of NATS_STREAM_MAX_BYTES in use. A full stream refuses clicks, which then go to Postgres. The alert fires at 80%.',
        queries: { '{{stream}}': 'queue:stream_bytes:ratio' },
        limits: atMost(0.5, 0.8),
        nothing: 'no limit set',
      }),
      stat('Postgres pool in use', 'percentunit', {
        description: 'Share of the connections of a process, in the process that uses most.',
        queries: {
          lent: `max(database_pool_connections{state="in_use",${PICKED}} / ignoring(state) database_pool_max_connections{${PICKED}})`,
        },
        limits: atMost(0.8, 1),
      }),
    ],
    Processes: [
      chart('Processor', 'short', {
        description: 'Cores in use, by service. One Node process uses little more than one.',
        queries: { '{{service}}': rate(`process_cpu_seconds_total{${PICKED}}`, 'service') },
      }),
      chart('Resident memory', 'bytes', {
        description: 'The largest process of each service. A container is killed above 256 MB.',
        queries: { '{{service}}': `max by (service) (process_resident_memory_bytes{${PICKED}})` },
        limits: atMost(200 * 1024 ** 2, 256 * 1024 ** 2),
      }),
      chart('Heap', 'bytes', {
        description: 'The largest process of each service. The heap limit is half of the memory.',
        queries: {
          '{{service}} used': `max by (service) (nodejs_heap_size_used_bytes{${PICKED}})`,
          '{{service}} reserved': `max by (service) (nodejs_heap_size_total_bytes{${PICKED}})`,
        },
      }),
      chart('Lag of the event loop (p99)', 's', {
        description: 'Delay of timers and callbacks. Above 250 ms the process has too little CPU.',
        queries: { '{{service}}': `max by (service) (nodejs_eventloop_lag_p99_seconds{${PICKED}})` },
        limits: atMost(0.1, 0.25),
      }),
      chart('Garbage collection', 'percentunit', {
        description: 'Share of the time that a service spends in garbage collection.',
        queries: {
          '{{service}}': `avg by (service) (sum without (kind) (rate(nodejs_gc_duration_seconds_sum{${PICKED}}[$__rate_interval])))`,
        },
      }),
      chart('Events that wait in ingest', 'short', {
        description:
          'Events that wait for a batch, in the process with most. At INGEST_QUEUE_EVENTS (20,000) it answers 503.',
        queries: { waiting: 'max(ingest_queue_events)' },
        limits: atMost(10_000, 20_000),
      }),
    ],
    Postgres: [
      chart('Statements', 'ops', {
        description: 'By operation.',
        queries: { '{{operation}}': rate(`database_operations_total{${PICKED}}`, 'operation') },
      }),
      chart('Time of a batch in Postgres', 's', {
        description: 'One transaction of up to 20,000 events, retries included.',
        queries: medianAndTail('database_operation_duration_seconds_bucket{operation="record_batch"}'),
        limits: atMost(1, 5),
      }),
      chart('Connections', 'short', {
        description: 'Connections in use and idle, and queries that wait for one. Long waits raise an alert.',
        queries: {
          '{{service}} {{state}}': `sum by (service, state) (database_pool_connections{${PICKED}})`,
          '{{service}} waiting': `sum by (service) (database_pool_waiting{${PICKED}})`,
        },
      }),
    ],
    'Redis and NATS': [
      chart('Operations on Redis', 'ops', {
        description: 'By operation.',
        queries: { '{{operation}}': rate(`redis_operations_total{operation!="read_counters",${PICKED}}`, 'operation') },
      }),
      chart('Rebuilds of the counters (p99)', 's', {
        description: 'Duration of rebuilds. None is needed while Redis keeps its data.',
        queries: { p99: `${quantile(0.99, 'counters_rebuild_duration_seconds_bucket')} or vector(0)` },
      }),
      chart('Messages of NATS', 'ops', {
        description: 'Batches that ingest published and consumers received. Under load a batch holds many events.',
        queries: {
          '{{service}} {{direction}}': orNone(rate(`nats_messages_total{${PICKED}}`, 'service, direction'), 'service'),
        },
      }),
      chart('Events in a batch', 'short', {
        description:
          'Average number of events per batch, when ingest publishes and when consumers record. It grows with the load.',
        queries: {
          published: `${rate('ingest_batch_events_sum')} / (${rate('ingest_batch_events_count')} > 0)`,
          recorded: `${rate('ledger_batch_events_sum')} / (${rate('ledger_batch_events_count')} > 0)`,
        },
      }),
      chart('Bytes in the streams', 'bytes', {
        description: STREAMS,
        queries: { '{{stream}}': 'max by (stream) (jetstream_stream_bytes)' },
      }),
      chart('Messages in the streams', 'short', {
        description: STREAMS,
        queries: { '{{stream}}': 'max by (stream) (jetstream_stream_messages)' },
      }),
    ],
  },
};
