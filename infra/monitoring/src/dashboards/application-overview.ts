import type { Plan } from '../dashboard.js';
import { failedIn } from '../objective.js';
import { atLeast, atMost, chart, stat } from '../panels.js';
import { orNone, PICKED, quantile, REPORTS, rate } from '../promql.js';

export const applicationOverview: Plan = {
  name: 'application-overview',
  title: 'Application Overview',
  description: 'Whether the tracker takes clicks, counts them and answers.',
  variables: ['service', 'ad'],
  rows: {
    'At a glance': [
      stat({
        title: 'Reports accepted',
        description: 'Clicks and impressions that were answered with 202, per second.',
        unit: 'eps',
        queries: { accepted: rate(`http_requests_total{${REPORTS},status_code="202"}`) },
        width: 4,
      }),
      stat({
        title: 'Accepted of all',
        description:
          'Share of the reports of clicks and impressions that were not answered with a 5xx. The objective is 99.9%.',
        unit: 'percentunit',
        queries: { accepted: `1 - ${failedIn('5m')}` },
        limits: atLeast(0.999, 0.99),
        nothing: 'no reports',
        width: 4,
      }),
      stat({
        title: 'Time of a 202 (p99)',
        description: 'p99 of the response time of reports. The alert fires at 250 ms.',
        unit: 's',
        queries: { p99: 'ingest:event_request_duration_seconds:p99_rate5m' },
        limits: atMost(0.1, 0.25),
        nothing: 'no reports',
        width: 4,
      }),
      stat({
        title: 'Counted after (p99)',
        description:
          'Time from the receipt of an event to its being counted. Normal is below 100 ms; the alert is at 5 s.',
        unit: 's',
        queries: { p99: 'queue:event_freshness_seconds:p99_rate5m' },
        limits: atMost(1, 5),
        nothing: 'no events',
        width: 4,
      }),
      stat({
        title: 'Oldest that waits',
        description: 'Age of the oldest message in JetStream that is not recorded. The alert fires at 60 s.',
        unit: 's',
        queries: { age: 'queue:backlog_age_seconds:max' },
        limits: atMost(10, 60),
        width: 4,
      }),
      stat({
        title: 'Firing alerts',
        description: 'Number of firing alerts. The dashboard Error Tracking lists them.',
        unit: 'short',
        queries: { firing: 'count(ALERTS{alertstate="firing"}) or vector(0)' },
        limits: atMost(1, 1),
        width: 4,
      }),
    ],
    Requests: [
      chart({
        title: 'Requests by service',
        description: 'All answered requests, including those of operators.',
        unit: 'reqps',
        queries: { '{{service}}': rate(`http_requests_total{${PICKED}}`, 'service') },
        width: 8,
      }),
      chart({
        title: 'Answers by status',
        description: '499: the client disconnected before the response.',
        unit: 'reqps',
        queries: { '{{status_code}}': rate(`http_requests_total{${PICKED}}`, 'status_code') },
        stacked: true,
        width: 8,
      }),
      chart({
        title: 'Time of an answer',
        description: 'p50 and p99 of the response time.',
        unit: 's',
        queries: {
          '{{service}} p50': quantile(0.5, `http_request_duration_seconds_bucket{${PICKED}}`, 'service'),
          '{{service}} p99': quantile(0.99, `http_request_duration_seconds_bucket{${PICKED}}`, 'service'),
        },
        width: 8,
      }),
    ],
    'The way of a click': [
      chart({
        title: 'Accepted by ingest',
        description: 'Answered with 202, including retries of the same event.',
        unit: 'eps',
        queries: {
          clicks: rate('ad_clicks_total{ad_id=~"$ad"}'),
          impressions: rate('ad_impressions_total{ad_id=~"$ad"}'),
        },
        width: 8,
      }),
      chart({
        title: 'Made durable by',
        description: 'JetStream, or Postgres while JetStream is unavailable. Events that neither takes get 503.',
        unit: 'eps',
        queries: { '{{by}}': rate('ingest_batch_events_sum', 'by') },
        stacked: true,
        width: 8,
      }),
      chart({
        title: 'Waits in JetStream',
        description:
          'Messages of up to 500 events that no consumer has yet, and those that one has and did not finish.',
        unit: 'short',
        queries: { '{{state}}': 'max by (state) (consumer_backlog_messages)' },
        stacked: true,
        width: 8,
      }),
      chart({
        title: 'Recorded by the consumers',
        description: 'New events, and duplicates that changed nothing.',
        unit: 'eps',
        queries: { '{{kind}} {{result}}': rate('ledger_events_total', 'kind, result') },
        width: 8,
      }),
      chart({
        title: 'Counted after',
        description: 'Time from the receipt of an event until it is counted.',
        unit: 's',
        queries: {
          p50: quantile(0.5, 'event_freshness_seconds_bucket'),
          p99: quantile(0.99, 'event_freshness_seconds_bucket'),
        },
        limits: atMost(1, 5),
        width: 8,
      }),
      chart({
        title: 'Answered by',
        description:
          'Who gave analytics its counts: Redis (hit), or Postgres where Redis could not or was not believed (miss).',
        unit: 'ops',
        queries: {
          '{{status}}': orNone(
            rate('redis_operations_total{operation="read_counters",status=~"hit|miss"}', 'status'),
            'status',
          ),
        },
        stacked: true,
        width: 8,
      }),
    ],
  },
};
