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
    'What the ads do. These are reports as they were accepted, retries included, and rounded by Prometheus: what is billed is what analytics answers.',
  variables: ['ad'],
  rows: {
    'In the time shown': [
      stat({
        title: 'Clicks',
        description: 'Reports of clicks that were accepted.',
        unit: 'short',
        queries: { clicks },
        overall: true,
        width: 6,
      }),
      stat({
        title: 'Impressions',
        description: 'Reports of impressions that were accepted.',
        unit: 'short',
        queries: { impressions },
        overall: true,
        width: 6,
      }),
      stat({
        title: 'CTR',
        description: 'Clicks ÷ impressions.',
        unit: 'percentunit',
        queries: { CTR: `${clicks} / (${impressions} > 0)` },
        nothing: 'no impressions',
        overall: true,
        width: 6,
      }),
      stat({
        title: 'Ads that are seen',
        description:
          'Ads with an impression. Each process names METRICS_MAX_ADS (100) of them; the rest is one, called other.',
        unit: 'short',
        queries: { ads: `count(sum by (ad_id) (increase(ad_impressions_total{${AD}}[$__range])) > 0) or vector(0)` },
        overall: true,
        width: 6,
      }),
    ],
    'Clicks and impressions': [
      chart({
        title: 'Clicks by ad',
        description: 'The ten ads with most clicks.',
        unit: 'eps',
        queries: { '{{ad_id}}': busiest('ad_clicks_total') },
        stacked: true,
        width: 12,
      }),
      chart({
        title: 'Impressions by ad',
        description: 'The ten ads with most impressions.',
        unit: 'eps',
        queries: { '{{ad_id}}': busiest('ad_impressions_total') },
        stacked: true,
        width: 12,
      }),
      chart({
        title: 'CTR over time',
        description: 'Clicks ÷ impressions of the last five minutes, for the selected ads.',
        unit: 'percentunit',
        queries: {
          CTR: `sum(rate(ad_clicks_total{${AD}}[5m])) / (sum(rate(ad_impressions_total{${AD}}[5m])) > 0)`,
        },
        width: 12,
      }),
      chart({
        title: 'CTR by ad',
        description: 'The ten highest values of the last fifteen minutes.',
        unit: 'percentunit',
        queries: {
          '{{ad_id}}': `topk(10, sum by (ad_id) (rate(ad_clicks_total{${AD}}[15m])) / (sum by (ad_id) (rate(ad_impressions_total{${AD}}[15m])) > 0))`,
        },
        width: 12,
      }),
    ],
    'Players and analysts': [
      chart({
        title: 'Reports sent again',
        description:
          'Share of the queued events that were recorded before: retries of players, redeliveries. They count once. Of all ads.',
        unit: 'percentunit',
        queries: {
          '{{kind}}': `${rate('ledger_events_total{result="repeated"}', 'kind')} / (${rate('ledger_events_total', 'kind')} > 0)`,
        },
        width: 8,
      }),
      chart({
        title: 'Questions to analytics',
        description: 'All ads.',
        unit: 'reqps',
        queries: {
          questions: rate('http_requests_total{service="analytics",endpoint="/api/v1/ads/analytics"}'),
        },
        width: 8,
      }),
      chart({
        title: 'Accepted and counted',
        description: 'Clicks that were answered with 202, and new clicks that were recorded from the queue. All ads.',
        unit: 'eps',
        queries: {
          accepted: rate('ad_clicks_total'),
          counted: rate('ledger_events_total{kind="click",result="new"}'),
        },
        width: 8,
      }),
    ],
  },
};
