import { expect, test } from '@jest/globals';
import { homeOf, isOpen } from '../src/share/share.js';

const ofAd = { ad_id: 'a/b', campaign: null, advertiser: null, expires_at: '2026-11-27T12:00:00.000Z' };
const ofCampaign = { ...ofAd, ad_id: null, campaign: 'summer & autumn' };

test('a share opens the numbers of its ad, or the report and the ads of its campaign', () => {
  expect([ofAd, ofCampaign].map(homeOf)).toEqual([
    '/dashboard/ads/a%2Fb',
    '/dashboard/report?campaign=summer+%26+autumn',
  ]);
  const paths = [[], ['now'], ['report'], ['ads'], ['ads', 'a/b'], ['ads', 'a/b', 'edit'], ['ads', 'c'], ['new-ad']];
  const opened = [ofAd, ofCampaign].map((share) => paths.filter((path) => isOpen(path, share)));
  expect(opened).toEqual([
    [['report'], ['ads', 'a/b']],
    [['report'], ['ads', 'a/b'], ['ads', 'c']],
  ]);
});
