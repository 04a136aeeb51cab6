import { expect, it } from '@jest/globals';
import { createRecentAds } from '../src/recent-ads.js';

it('recent ads contain one ad of each batch, and the oldest are dropped', () => {
  const ads = createRecentAds(2, () => 0.5);
  ads.note([]);
  expect(ads.list()).toEqual([]);
  ads.note([{ adId: 'a' }, { adId: 'b' }]);
  ads.note([{ adId: 'c' }]);
  ads.note([{ adId: 'b' }]);
  expect(ads.list()).toEqual(['c', 'b']);
  ads.note([{ adId: 'd' }]);
  expect(ads.list()).toEqual(['b', 'd']);
});
