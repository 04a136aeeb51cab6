import type { Plan } from '../dashboard.js';
import { BUDGET, failedIn } from '../objective.js';
import { atMost, chart, stat } from '../panels.js';
import { orNone, PICKED, rate } from '../promql.js';

export const errorTracking: Plan = {
  name: 'error-tracking',
  title: 'Error Tracking',
  description: 'Failures by name. infra/monitoring/RUNBOOK.md tells what to do about an alert.',
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
        description: 'Failed reports of three days ÷ those that the objective of 99.9% allows in three days.',
        unit: 'percentunit',
        queries: { spent: `${failedIn('3d')} / ${BUDGET}` },
        limits: atMost(0.5, 1),
        nothing: 'no reports',
        width: 4,
      }),
      stat({
        title: 'Dead letters',
        description: 'Messages that cannot be recorded and wait for an operator: npm run dead-letters.',
        unit: 'short',
        queries: { waiting: 'queue:dead_letters:max' },
        limits: atMost(1, 1),
        width: 4,
      }),
      stat({
        title: 'Answers with a 5xx',
        description: 'Per second. 503 is the response under overload or outage; clients retry.',
        unit: 'reqps',
        queries: { failed: `${rate(`http_requests_total{${PICKED},status_code=~"5.."}`)} or vector(0)` },
        limits: atMost(0.001, 1),
        width: 4,
      }),
      stat({
        title: 'Answers with 429',
        description: 'Rate-limited requests per second.',
        unit: 'reqps',
        queries: { limited: `${rate(`http_requests_total{${PICKED},status_code="429"}`)} or vector(0)` },
        width: 4,
      }),
      stat({
        title: 'Restarts in an hour',
        description: 'Process restarts at the same address.',
        unit: 'short',
        queries: { restarts: `sum(changes(process_start_time_seconds{${PICKED}}[1h]))` },
        limits: atMost(1, 3),
        width: 4,
      }),
    ],
    Alerts: [
      chart({
        title: 'Firing alerts by name',
        description: 'Number of firing alerts by name.',
        unit: 'short',
        queries: { '{{alertname}}': orNone('count by (alertname) (ALERTS{alertstate="firing"})', 'alertname') },
        stacked: true,
        width: 12,
      }),
      chart({
        title: 'Reports that failed',
        description: 'Share of the reports answered with a 5xx. The lines mark 1 and 14.4 times the error budget.',
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
        description: 'The service failed.',
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
        description: 'The request was invalid, its client disconnected (499), or it was rate-limited (429).',
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
        title: 'Events that bypassed JetStream',
        description:
          'nobody: neither JetStream nor Postgres took them, so their clients got 503. postgres: they went straight to Postgres.',
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
        description: 'Failed attempts to use a dependency, including those that a retry made good.',
        unit: 'ops',
        queries: {
          '{{service}} → {{dependency}}': rate(`dependency_failures_total{${PICKED}}`, 'service, dependency'),
        },
        width: 8,
      }),
      chart({
        title: 'Circuit breakers',
        description: '0 closed, 1 half open, 2 open; the worst process.',
        unit: 'short',
        queries: {
          '{{service}} → {{dependency}}': `max by (service, dependency) (circuit_breaker_state{${PICKED}})`,
        },
        limits: atMost(1, 2),
        width: 8,
      }),
      chart({
        title: 'Operations that failed',
        description:
          'error: the server refused the operation, and an operator must repair the cause. unavailable: the server did not answer.',
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
    'Dead letters and untrusted counters': [
      chart({
        title: 'Dead letters over time',
        description: 'Dead letters that wait for an operator, and events that were added in the last five minutes.',
        unit: 'short',
        queries: {
          waiting: 'queue:dead_letters:max',
          added: 'sum(increase(dead_letters_total[5m])) or vector(0)',
        },
        limits: atMost(1, 1),
        width: 12,
      }),
      chart({
        title: 'Counters not trusted',
        description: 'Number of consumers that do not trust the counters. Postgres answers meanwhile.',
        unit: 'short',
        queries: { consumers: 'count(counters_trusted == 0) or vector(0)' },
        limits: atMost(1, 1),
        width: 12,
      }),
    ],
  },
};
