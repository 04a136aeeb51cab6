import type { Plan } from '../dashboard.js';
import { failedIn } from '../objective.js';
import { atLeast, atMost, chart, stat } from '../panels.js';
import { medianAndTail, orNone, PICKED, quantile, REPORTS, rate } from '../promql.js';

export const applicationOverview: Plan = {
  name: 'application-overview',
  title: 'Application Overview',
  description: 'Whether the tracker accepts clicks, counts them and answers.',
  variables: ['service', 'ad'],
  rows: {
    'At a glance': [
      stat('Requests accepted', 'reqps', {
        description:
          'Requests with events that were answered with 2xx, and click-through links that were redirected. A batch is one request.',
        queries: { accepted: rate(`http_requests_total{${REPORTS},status_code=~"2..|302"}`) },
      }),
      stat('Share accepted', 'percentunit', {
        description: 'Share of the requests with events that were not answered with a 5xx. The objective is 99.9%.',
        queries: { accepted: `1 - ${failedIn('5m')}` },
        limits: atLeast(0.999, 0.99),
        nothing: 'no requests',
      }),
      stat('Time of an accepted request (p99)', 's', {
        description: 'p99 of the response time of requests with events. The alert fires at 250 ms.',
        queries: { p99: 'ingest:event_request_duration_seconds:p99_rate5m' },
        limits: atMost(0.1, 0.25),
        nothing: 'no requests',
      }),
      stat('Time until counted (p99)', 's', {
        description:
          'Time from the receipt of an event until it is counted. Normal is below 100 ms; the alert fires at 5 s.',
        queries: { p99: 'queue:event_freshness_seconds:p99_rate5m' },
        limits: atMost(1, 5),
        nothing: 'no events',
      }),
      stat('Age of the backlog', 's', {
        description: 'Age of the oldest message in JetStream that is not recorded. The alert fires at 60 s.',
        queries: { age: 'queue:backlog_age_seconds:max' },
        limits: atMost(10, 60),
      }),
      stat('Firing alerts', 'short', {
        description: 'Number of firing alerts. The dashboard Error Tracking lists them.',
        queries: { firing: 'count(ALERTS{alertstate="firing"}) or vector(0)' },
        limits: atMost(1, 1),
      }),
    ],
    Requests: [
      chart('Requests by service', 'reqps', {
        description: 'All answered requests, including those of operators.',
        queries: { '{{service}}': rate(`http_requests_total{${PICKED}}`, 'service') },
      }),
      chart('Answers by status', 'reqps', {
        description: '499: the client disconnected before the response.',
        queries: { '{{status_code}}': rate(`http_requests_total{${PICKED}}`, 'status_code') },
        stacked: true,
      }),
      chart('Time of an answer', 's', {
        description: 'p50 and p99 of the response time.',
        queries: {
          '{{service}} p50': quantile(0.5, `http_request_duration_seconds_bucket{${PICKED}}`, 'service'),
          '{{service}} p99': quantile(0.99, `http_request_duration_seconds_bucket{${PICKED}}`, 'service'),
        },
      }),
    ],
    'The way of a click': [
      chart('Accepted by ingest', 'eps', {
        description: 'Answered with 202, including retries of the same event.',
        queries: {
          clicks: rate('ad_clicks_total{ad_id=~"$ad"}'),
          impressions: rate('ad_impressions_total{ad_id=~"$ad"}'),
        },
      }),
      chart('Durable events by store', 'eps', {
        description:
          'JetStream, or Postgres while JetStream is unavailable. Events that neither stores are answered with 503.',
        queries: { '{{by}}': rate('ingest_batch_events_sum', 'by') },
        stacked: true,
      }),
      chart('Backlog in JetStream', 'short', {
        description:
          'Messages of up to 500 events: pending (not delivered yet) and unacknowledged (delivered, not recorded yet).',
        queries: { '{{state}}': 'max by (state) (consumer_backlog_messages)' },
        stacked: true,
      }),
      chart('Recorded by the consumers', 'eps', {
        description: 'New events, and duplicates that changed nothing.',
        queries: { '{{kind}} {{result}}': rate('ledger_events_total', 'kind, result') },
      }),
      chart('Time until counted', 's', {
        description: 'Time from the receipt of an event until it is counted.',
        queries: medianAndTail('event_freshness_seconds_bucket'),
        limits: atMost(1, 5),
      }),
      chart('Answered by', 'ops', {
        description:
          'The source of the counts: Redis (hit), or Postgres while Redis was unavailable or not trusted (miss).',
        queries: {
          '{{status}}': orNone(
            rate('redis_operations_total{operation="read_counters",status=~"hit|miss"}', 'status'),
            'status',
          ),
        },
        stacked: true,
      }),
    ],
  },
};
