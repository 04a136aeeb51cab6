import type { Plan } from '../dashboard.js';
import { BUDGET, failedIn } from '../objective.js';
import { atMost, chart, stat } from '../panels.js';
import { orNone, PICKED, rate } from '../promql.js';

export const errorTracking: Plan = {
  name: 'error-tracking',
  title: 'Error Tracking',
  description: 'What fails, by its name. What to do about an alert is in infra/monitoring/RUNBOOK.md.',
  variables: ['service'],
  rows: {
    'At a glance': [
      stat({
        title: 'Firing alerts',
        description: 'Alerts that fire now.',
        unit: 'short',
        queries: { firing: 'count(ALERTS{alertstate="firing"}) or vector(0)' },
        limits: atMost(1, 1),
        width: 4,
      }),
      stat({
        title: 'Budget spent in three days',
        description:
          'Failed reports of three days, of those that may fail in three days: 100% is the objective of 99.9% just kept.',
        unit: 'percentunit',
        queries: { spent: `${failedIn('3d')} / ${BUDGET}` },
        limits: atMost(0.5, 1),
        nothing: 'no reports',
        width: 4,
      }),
      stat({
        title: 'Dead letters',
        description: 'Messages that can not be recorded and wait for a person: npm run dead-letters.',
        unit: 'short',
        queries: { waiting: 'queue:dead_letters:max' },
        limits: atMost(1, 1),
        width: 4,
      }),
      stat({
        title: 'Answers with a 5xx',
        description: 'Per second. 503 is an answer under overload or outage: callers send again.',
        unit: 'reqps',
        queries: { failed: `${rate(`http_requests_total{${PICKED},status_code=~"5.."}`)} or vector(0)` },
        limits: atMost(0.001, 1),
        width: 4,
      }),
      stat({
        title: 'Answers with 429',
        description: 'Requests of clients that come too often, per second.',
        unit: 'reqps',
        queries: { limited: `${rate(`http_requests_total{${PICKED},status_code="429"}`)} or vector(0)` },
        width: 4,
      }),
      stat({
        title: 'Restarts in an hour',
        description: 'Processes that were started anew in the same place.',
        unit: 'short',
        queries: { restarts: `sum(changes(process_start_time_seconds{${PICKED}}[1h]))` },
        limits: atMost(1, 3),
        width: 4,
      }),
    ],
    Alerts: [
      chart({
        title: 'Firing alerts by name',
        description: 'By name, with how many of each.',
        unit: 'short',
        queries: { '{{alertname}}': orNone('count by (alertname) (ALERTS{alertstate="firing"})', 'alertname') },
        stacked: true,
        width: 12,
      }),
      chart({
        title: 'Reports that failed',
        description:
          'Share of the reports answered with a 5xx. The lines are where the budget burns 1 and 14.4 times as fast as it may.',
        unit: 'percentunit',
        queries: {
          '5 minutes': failedIn('5m'),
          '1 hour': failedIn('1h'),
          '6 hours': failedIn('6h'),
        },
        limits: atMost(BUDGET, 14.4 * BUDGET),
        width: 12,
      }),
    ],
    Requests: [
      chart({
        title: 'Failed (5xx)',
        description: 'The service could not.',
        unit: 'reqps',
        queries: {
          '{{service}} {{endpoint}} {{status_code}}': orNone(
            rate(`http_requests_total{${PICKED},status_code=~"5.."}`, 'service, endpoint, status_code'),
            'service',
          ),
        },
        stacked: true,
        width: 8,
      }),
      chart({
        title: 'Refused (4xx)',
        description: 'The request was wrong, or its caller went away (499), or comes too often (429).',
        unit: 'reqps',
        queries: {
          '{{service}} {{endpoint}} {{status_code}}': orNone(
            rate(`http_requests_total{${PICKED},status_code=~"4.."}`, 'service, endpoint, status_code'),
            'service',
          ),
        },
        stacked: true,
        width: 8,
      }),
      chart({
        title: 'Batches that nobody took',
        description: 'Neither JetStream nor Postgres: their callers got 503. And those that went straight to Postgres.',
        unit: 'eps',
        queries: {
          '{{by}}': orNone(rate('ingest_batch_events_sum{by=~"nobody|postgres"}', 'by'), 'by'),
        },
        width: 8,
      }),
    ],
    Dependencies: [
      chart({
        title: 'Failed attempts',
        description: 'Attempts to use a dependency that it failed, those included that a retry made good.',
        unit: 'ops',
        queries: {
          '{{service}} → {{dependency}}': rate(`dependency_failures_total{${PICKED}}`, 'service, dependency'),
        },
        width: 8,
      }),
      chart({
        title: 'Circuit breakers',
        description: '0 closed, 1 trying again, 2 open. Of the process that is worst off.',
        unit: 'short',
        queries: {
          '{{service}} → {{dependency}}': `max by (service, dependency) (circuit_breaker_state{${PICKED}})`,
        },
        limits: atMost(1, 2),
        width: 8,
      }),
      chart({
        title: 'Operations that failed',
        description: 'error: it was refused, and a person must repair it. unavailable: who should do it is away.',
        unit: 'ops',
        queries: {
          'Postgres {{operation}} {{status}}': orNone(
            rate(`database_operations_total{${PICKED},status=~"error|unavailable"}`, 'operation, status'),
            'operation',
          ),
          'Redis {{operation}} {{status}}': orNone(
            rate(`redis_operations_total{${PICKED},status=~"error|unavailable"}`, 'operation, status'),
            'operation',
          ),
          'NATS {{direction}} {{status}}': orNone(
            rate(`nats_messages_total{${PICKED},status="error"}`, 'direction, status'),
            'direction',
          ),
        },
        width: 8,
      }),
    ],
    'What was put aside': [
      chart({
        title: 'Dead letters over time',
        description: 'Letters that wait for a person, and the events that were added to them in the last five minutes.',
        unit: 'short',
        queries: {
          waiting: 'queue:dead_letters:max',
          added: 'sum(increase(dead_letters_total[5m]))',
        },
        limits: atMost(1, 1),
        width: 12,
      }),
      chart({
        title: 'Counters not believed',
        description: 'By how many consumers: then Postgres answers.',
        unit: 'short',
        queries: { consumers: 'count(counters_trusted == 0) or vector(0)' },
        limits: atMost(1, 1),
        width: 12,
      }),
    ],
  },
};
