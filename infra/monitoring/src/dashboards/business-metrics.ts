import type { Plan } from '../dashboard.js';
import { chart, stat } from '../panels.js';
import { rate } from '../promql.js';

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
