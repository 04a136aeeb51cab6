import { expect, test } from '@jest/globals';
import { newRejections, type Rejection, rejectionText, statusText, sumOf } from '../src/launcher/watch-texts.js';

const wrongTag: Rejection = {
  outcome: 'rejected',
  path: '/t/{event}',
  error: 'unknown_ad',
  message: 'Ad "ad-404" does not exist.',
  ad_id: 'ad-404',
};

test('each kind of rejected event is returned once, the oldest first', () => {
  const known = new Set<string>();
  const other = { ...wrongTag, ad_id: null };
  expect(newRejections([wrongTag, other], known)).toEqual([other, wrongTag]);
  // The count and the message of a row may change.
  expect(newRejections([{ ...wrongTag, message: 'again' }, other], known)).toEqual([]);
  expect([wrongTag, other].map(rejectionText)).toEqual([
    'Rejected: /t/{event} ad-404: Ad "ad-404" does not exist.',
    'Rejected: /t/{event}: Ad "ad-404" does not exist.',
  ]);
});

test('the status line names the load, and each unavailable dependency and condition once', () => {
  const paint = (_format: unknown, text: string) => text;
  const healthy = { service: 'ingest', status: 'healthy', dependencies: { redis: { status: 'up' } } };
  const degraded = { ...healthy, status: 'degraded', dependencies: { redis: { status: 'down' } } };
  const state = { perSecond: 11.6, backlog: 3, reports: [healthy, healthy] };
  expect(statusText(state, paint)).toBe('12 events/s · backlog 3 · healthy · Ctrl-C stops');
  const reports = [degraded, degraded, { ...degraded, conditions: { clock_skew: 'by 40 s' } }];
  expect(statusText({ ...state, reports }, paint)).toContain(
    '· degraded: redis is down, clock_skew; counts stay exact ·',
  );
});

test('all series of a metric are added', () => {
  const text = '# HELP ad_clicks_total 5\nad_clicks_total{a="1"} 2\nad_impressions_total 3\nadx_total 9\n';
  expect(sumOf(text, /^ad_\w+_total\b/)).toBe(5);
});
