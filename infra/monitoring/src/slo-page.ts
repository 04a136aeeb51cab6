import {
  ALERTS,
  BUDGET,
  BUDGET_DAYS,
  type BurnAlert,
  failedExpression,
  failedIn,
  hoursOf,
  WINDOWS,
} from './objective.js';
import type { Rules } from './rules.js';

const FRESHNESS = 'queue:event_freshness_seconds:p99_rate5m';
const BACKLOG_AGE = 'queue:backlog_age_seconds:max';
const INGEST_LATENCY = 'ingest:event_request_duration_seconds:p99_rate5m';
const ANALYTICS_LATENCY = 'analytics:request_duration_seconds:p99_rate5m';
const ANALYTICS_FAILURES = 'analytics:requests_failed:ratio_rate5m';

/**
 * The page about service level objectives. All its numbers and queries come from the rules.
 *
 * @param keptDays days for which the Prometheus of Compose keeps data
 */
export function objectivesPage(rules: Rules, keptDays: string): string {
  const limit = (alert: string, metric: string) => rules.limit(alert, rules.record(metric));
  const freshness = limit('EventsLate', FRESHNESS);
  const ingest = limit('IngestSlow', INGEST_LATENCY);
  const analytics = limit('AnalyticsSlow', ANALYTICS_LATENCY);
  const failures = limit('AnalyticsFails', ANALYTICS_FAILURES);
  const alerts = (...names: readonly string[]) => names.map((name) => alertRow(rules, name)).join('\n');
  return `<!-- Written by npm run generate, from infra/monitoring/src/slo-page.ts and the rules: change it there. -->
# Service level objectives

| objective | promise | measured by |
|---|---|---|
| [availability](#availability) | ${percent(1 - BUDGET)} of the requests with events are not answered with a 5xx, over ${BUDGET_DAYS} days | \`${rules.record(failedIn('5m'))}\` |
| [exactness](#exactness) | each event that was answered with 202 is counted exactly once | audit, dead letters, lost clicks |
| [freshness](#freshness) | 99 of 100 events are counted within ${seconds(freshness)} of their receipt | \`${FRESHNESS}\` |
| [latency](#latency) | 99 of 100 requests are answered within ${seconds(ingest)} by ingest, and within ${seconds(analytics)} by analytics | \`${INGEST_LATENCY}\`, \`${ANALYTICS_LATENCY}\` |
| [answers](#latency) | at most ${percent(failures)} of the requests of analytics fail | \`${ANALYTICS_FAILURES}\` |

The numbers are those of the rules in \`infra/monitoring/rules\`. [The runbook](RUNBOOK.md) says what to do after each alert.

## Availability
Single events, batches, pixels and click-through links count, one for each request. A 4xx is an answer, and a refused prefetch of a
click-through link is not a failure. The error budget is the rest: ${percent(BUDGET)} of the requests, or ${minutes(BUDGET * BUDGET_DAYS * 24)} without any
accepted event in ${BUDGET_DAYS} days.

The share of failed requests is recorded for windows from ${WINDOWS[0]} to ${WINDOWS.at(-1)}, as \`${failedIn('1h')}\`. This query
returns it for the whole period, if Prometheus keeps the data for so long (Compose keeps ${keptDays} days):

\`\`\`promql
${failedExpression(`${BUDGET_DAYS}d`)}
\`\`\`

The budget burns when neither JetStream nor Postgres accepts events, when more arrive than ingest can pass on (503), or when ingest is
stopped before the load balancer has removed it. An outage of NATS alone, of Redis, of the consumers or of analytics burns nothing.
Requests that do not reach ingest are not measured: watch the load balancer, too.

An alert fires while the budget burns at a rate in both windows. At a rate of 1, exactly the budget is used in ${BUDGET_DAYS} days.

| alert | severity | rate | windows | budget used within the long window |
|---|---|---|---|---|
${ALERTS.flatMap(burnRows).join('\n')}

## Exactness
There is no error budget: each alert is about events or answers that need a person.

| alert | severity | rule |
|---|---|---|
${alerts('CountersMismatch', 'DeadLetters', 'ClicksLost')}

An audit compares counters in Redis with Postgres all the time. A dead letter holds events that are not counted until they are
replayed. A click-through link redirects before its click is durable if neither JetStream nor Postgres answers in time; ClicksLost
reports the clicks that were never stored, and no 202 was sent for them.

## Freshness
The time from the receipt of an event until it is counted in Postgres and Redis. Consumers that are too slow, stopped, or without
Postgres or NATS make it grow. Events that wait are durable: nothing is lost. \`${FRESHNESS}\` has values
only while events are recorded; the age of the oldest message shows a queue that stands still.

| alert | severity | rule |
|---|---|---|
${alerts('EventsLate', 'BacklogOld')}

The oldest message may wait for ${seconds(limit('BacklogOld', BACKLOG_AGE))}.

## Latency
The time from the start of a request to the end of its response, in the service. The network and the gateway come on top. A player
waits until its event is durable, so slow disks of NATS, full queues, and ingest processes without enough CPU make ingest slow.
Analytics is slow when Postgres answers instead of Redis. At most ${percent(failures)} of its requests may fail.

| alert | severity | rule |
|---|---|---|
${alerts('IngestSlow', 'AnalyticsSlow', 'AnalyticsFails')}
`;
}

function alertRow(rules: Rules, name: string): string {
  const { expr, for: lasting, labels } = rules.alert(name);
  const rule = `\`${expr.trim().replaceAll('|', '\\|')}\`${lasting === undefined ? '' : ` for ${lasting}`}`;
  return `| ${linked(name)} | ${labels.severity} | ${rule} |`;
}

function burnRows({ name, severity, burns }: BurnAlert): string[] {
  return burns.map(({ rate, long, short }) => {
    const used = (rate * hoursOf(long)) / (BUDGET_DAYS * 24);
    return `| ${linked(name)} | ${severity} | ${rate} | ${long} and ${short} | ${percent(used)} |`;
  });
}

function linked(alert: string): string {
  return `[${alert}](RUNBOOK.md#${alert.toLowerCase()})`;
}

/** Without the digits that only binary fractions have. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function percent(share: number): string {
  return `${rounded(100 * share)} %`;
}

function seconds(value: number): string {
  return value < 1 ? `${rounded(1_000 * value)} ms` : `${rounded(value)} s`;
}

function minutes(hours: number): string {
  return `${rounded(60 * hours)} minutes`;
}
