import type { Plan } from '../dashboard.js';
import { chart, stat } from '../panels.js';
import { orNone, rate } from '../promql.js';

const AD = 'ad_id=~"$ad"';
const clicks = `sum(increase(ad_clicks_total{${AD}}[$__range]))`;
const impressions = `sum(increase(ad_impressions_total{${AD}}[$__range]))`;

/** The ten series with the largest value over the whole time range, so that every point of a panel shows the same ones. */
function busiest(metric: string): string {
  const top = `topk(10, sum by (ad_id) (increase(${metric}{${AD}}[$__range] @ end())))`;
  return `${rate(`${metric}{${AD}}`, 'ad_id')} and on(ad_id) ${top}`;
}

export const businessMetrics: Plan = {
  name: 'business-metrics',
  title: 'Business Metrics',
  description:
    'Clicks and impressions of the ads: approximate counts of accepted reports, including retries. Bill by the answers of analytics.',
  variables: ['ad'],
  rows: {
    'In the time shown': [
      stat('Clicks', 'short', {
        description: 'Reports of clicks that were accepted.',
        queries: { clicks },
        overall: true,
        width: 6,
      }),
      stat('Impressions', 'short', {
        description: 'Reports of impressions that were accepted.',
        queries: { impressions },
        overall: true,
        width: 6,
      }),
      stat('CTR', 'percentunit', {
        description: 'Clicks ÷ impressions.',
        queries: { CTR: `${clicks} / (${impressions} > 0)` },
        nothing: 'no impressions',
        overall: true,
        width: 6,
      }),
      stat('Ads with impressions', 'short', {
        description:
          'Ads with an impression. Each process names METRICS_MAX_ADS (100) of them; all others share the label `other`.',
        queries: { ads: `count(sum by (ad_id) (increase(ad_impressions_total{${AD}}[$__range])) > 0) or vector(0)` },
        overall: true,
        width: 6,
      }),
    ],
    'Clicks and impressions': [
      chart('Clicks by ad', 'eps', {
        description: 'The ten ads with most clicks.',
        queries: { '{{ad_id}}': busiest('ad_clicks_total') },
        stacked: true,
        width: 12,
      }),
      chart('Impressions by ad', 'eps', {
        description: 'The ten ads with most impressions.',
        queries: { '{{ad_id}}': busiest('ad_impressions_total') },
        stacked: true,
        width: 12,
      }),
      chart('CTR over time', 'percentunit', {
        description: 'Clicks ÷ impressions of the last five minutes, for the selected ads.',
        queries: { CTR: `sum(rate(ad_clicks_total{${AD}}[5m])) / (sum(rate(ad_impressions_total{${AD}}[5m])) > 0)` },
        width: 12,
      }),
      chart('CTR by ad', 'percentunit', {
        description: 'The ten highest values of the last fifteen minutes.',
        queries: {
          '{{ad_id}}': `topk(10, sum by (ad_id) (rate(ad_clicks_total{${AD}}[15m])) / (sum by (ad_id) (rate(ad_impressions_total{${AD}}[15m])) > 0))`,
        },
        width: 12,
      }),
    ],
    'Invalid traffic': [
      chart('Invalid events by verdict', 'percentunit', {
        description:
          'Share of the new queued events. All ads; reports with group_by=verdict have the counts of each ad.',
        queries: {
          '{{verdict}}': orNone(
            `${rate('ledger_invalid_events_total', 'verdict')} / on() group_left() (${rate('ledger_events_total{result="new"}')} > 0)`,
            'verdict',
          ),
        },
        stacked: true,
      }),
      chart('Verdicts of ingest', 'eps', {
        description:
          'Accepted events that ingest judged to be invalid, retries included, by verdict. All ads. Recording decides double_click and flood.',
        queries: { '{{verdict}}': rate('ingest_verdicts_total{verdict!="valid"}', 'verdict') },
        stacked: true,
      }),
      chart('Sessions of several viewers', 'eps', {
        description:
          'Pixels and clicks that repeat a session of another viewer: a cache keeps the VAST document. All ads.',
        queries: { reused: rate('vast_sid_reused_total') },
      }),
      chart('Macros left unfilled', 'eps', {
        description:
          'Macros of VAST that players left in the URLs of tags. The value is missing in the event. All ads.',
        queries: { '{{macro}}': rate('vast_macro_unfilled_total', 'macro') },
        width: 12,
      }),
      chart('Tags that are no events', 'eps', {
        description: 'Tags that browsers fetched in advance, and pixels of events that VAST does not have. All ads.',
        queries: {
          'prefetched: {{tag}}': rate('tag_prefetches_total', 'tag'),
          'unknown event': rate('tag_unknown_events_total'),
        },
        width: 12,
      }),
    ],
    'Players and analysts': [
      chart('Reports sent again', 'percentunit', {
        description:
          'Share of the queued events that were recorded before: retries of players, redeliveries. They count once. All ads.',
        queries: {
          '{{kind}}': `${rate('ledger_events_total{result="repeated"}', 'kind')} / (${rate('ledger_events_total', 'kind')} > 0)`,
        },
      }),
      chart('Requests to analytics', 'reqps', {
        description: 'All ads.',
        queries: { requests: rate('http_requests_total{service="analytics",endpoint="/api/v1/ads/analytics"}') },
      }),
      chart('Accepted and counted', 'eps', {
        description: 'Clicks that were answered with 202, and new clicks that were recorded from the queue. All ads.',
        queries: {
          accepted: rate('ad_clicks_total'),
          counted: rate('ledger_events_total{kind="click",result="new"}'),
        },
      }),
    ],
  },
};
