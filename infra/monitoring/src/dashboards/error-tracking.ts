import type { Plan } from '../dashboard.js';
import { BUDGET, failedIn } from '../objective.js';
import { atMost, chart, stat } from '../panels.js';
import { orNone, PICKED, rate } from '../promql.js';

/** The answers with a status code that matches. */
const answers = (statusCode: string) => ({
  '{{service}} {{endpoint}} {{status_code}}': orNone(
    rate(`http_requests_total{${PICKED},status_code=~"${statusCode}"}`, 'service, endpoint, status_code'),
    'service',
  ),
});

export const errorTracking: Plan = {
  name: 'error-tracking',
  title: 'Error Tracking',
  description: 'Failures by name. infra/monitoring/RUNBOOK.md describes what to do about an alert.',
  variables: ['service'],
  rows: {
    'At a glance': [
      stat('Firing alerts', 'short', {
        description: 'Alerts that fire now.',
        queries: { firing: 'count(ALERTS{alertstate="firing"}) or vector(0)' },
        limits: atMost(1, 1),
      }),
      stat('Budget spent in three days', 'percentunit', {
        description:
          'Share of the three-day error budget that is used. The objective of 99.9% allows 0.1% of the reports to fail.',
        queries: { spent: `${failedIn('3d')} / ${BUDGET}` },
        limits: atMost(0.5, 1),
        nothing: 'no reports',
      }),
      stat('Dead letters', 'short', {
        description: 'Messages that cannot be recorded and wait for an operator: npm run dead-letters.',
        queries: { waiting: 'queue:dead_letters:max' },
        limits: atMost(1, 1),
      }),
      stat('Answers with a 5xx', 'reqps', {
        description: 'Per second. 503 is the response under overload or outage; clients retry.',
        queries: { failed: `${rate(`http_requests_total{${PICKED},status_code=~"5.."}`)} or vector(0)` },
        limits: atMost(0.001, 1),
      }),
      stat('Answers with 429', 'reqps', {
        description: 'Rate-limited requests per second.',
        queries: { limited: `${rate(`http_requests_total{${PICKED},status_code="429"}`)} or vector(0)` },
      }),
      stat('Restarts in an hour', 'short', {
        description: 'Process restarts at the same address.',
        queries: { restarts: `sum(changes(process_start_time_seconds{${PICKED}}[1h]))` },
        limits: atMost(1, 3),
      }),
    ],
    Alerts: [
      chart('Firing alerts by name', 'short', {
        description: 'Number of firing alerts by name.',
        queries: { '{{alertname}}': orNone('count by (alertname) (ALERTS{alertstate="firing"})', 'alertname') },
        stacked: true,
        width: 12,
      }),
      chart('Reports that failed', 'percentunit', {
        description: 'Share of the reports answered with a 5xx. The lines mark 1 and 14.4 times the error budget.',
        queries: { '5 minutes': failedIn('5m'), '1 hour': failedIn('1h'), '6 hours': failedIn('6h') },
        limits: atMost(BUDGET, 14.4 * BUDGET),
        width: 12,
      }),
    ],
    Requests: [
      chart('Failed (5xx)', 'reqps', {
        description: 'The service failed.',
        queries: answers('5..'),
        stacked: true,
      }),
      chart('Refused (4xx)', 'reqps', {
        description: 'The request was invalid, its client disconnected (499), or it was rate-limited (429).',
        queries: answers('4..'),
        stacked: true,
      }),
      chart('Events that bypassed JetStream', 'eps', {
        description:
          'nobody: neither JetStream nor Postgres accepted the events, so clients got 503. postgres: ingest wrote them to Postgres.',
        queries: { '{{by}}': orNone(rate('ingest_batch_events_sum{by=~"nobody|postgres"}', 'by'), 'by') },
      }),
    ],
    Dependencies: [
      chart('Failed attempts', 'ops', {
        description: 'Failed attempts to use a dependency, including those that a retry made good.',
        queries: {
          '{{service}} → {{dependency}}': rate(`dependency_failures_total{${PICKED}}`, 'service, dependency'),
        },
      }),
      chart('Circuit breakers', 'short', {
        description: '0 closed, 1 half open, 2 open; the worst process.',
        queries: { '{{service}} → {{dependency}}': `max by (service, dependency) (circuit_breaker_state{${PICKED}})` },
        limits: atMost(1, 2),
      }),
      chart('Operations that failed', 'ops', {
        description:
          'error: the server refused the operation, and an operator must repair the cause. unavailable: the server did not answer.',
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
      }),
    ],
    'Dead letters and untrusted counters': [
      chart('Dead letters over time', 'short', {
        description: 'Dead letters that wait for an operator, and events that were added in the last five minutes.',
        queries: {
          waiting: 'queue:dead_letters:max',
          added: 'sum(increase(dead_letters_total[5m])) or vector(0)',
        },
        limits: atMost(1, 1),
        width: 12,
      }),
      chart('Counters not trusted', 'short', {
        description: 'Number of consumers that do not trust the counters. Postgres answers meanwhile.',
        queries: { consumers: 'count(counters_trusted == 0) or vector(0)' },
        limits: atMost(1, 1),
        width: 12,
      }),
    ],
  },
};
