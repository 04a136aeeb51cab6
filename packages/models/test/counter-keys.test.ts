import { expect, it } from '@jest/globals';
import {
  BUCKETS_PER_FIELD,
  epochKey,
  inUseKey,
  MARKS_STEM,
  minutesKey,
  rebuildKey,
  secondsKey,
  totalsKey,
} from '../src/index.js';

/**
 * Two releases side by side raise and read the same counters, so none of these lines may change: see services/UPGRADES.md.
 * `packed-counts.test.ts` holds the bytes of the fields.
 */
it('the layout of the counters is that of the previous release', () => {
  const ledger = '8f14e4.kO3pXv_1z';
  const second = 1_700_000_000;
  const minute = 28_333_333;
  expect(BUCKETS_PER_FIELD).toBe(60);
  expect(totalsKey(ledger, 'ad-1')).toBe('ad:8f14e4.kO3pXv_1z:{ad-1}:totals');
  expect(secondsKey(ledger, 'ad-1', 'clicks', second)).toBe('ad:8f14e4.kO3pXv_1z:{ad-1}:seconds:472222');
  expect(secondsKey(ledger, 'ad-1', 'impressions', second)).toBe(
    'ad:8f14e4.kO3pXv_1z:{ad-1}:impression-seconds:472222',
  );
  expect(minutesKey(ledger, 'ad-1', 'clicks', minute)).toBe('ad:8f14e4.kO3pXv_1z:{ad-1}:minutes:19675');
  expect(minutesKey(ledger, 'ad-1', 'impressions', minute)).toBe('ad:8f14e4.kO3pXv_1z:{ad-1}:impression-minutes:19675');
  expect(epochKey(MARKS_STEM, ledger)).toBe('{counts-of-ledger}:8f14e4.kO3pXv_1z:epoch');
  expect(rebuildKey(MARKS_STEM, ledger)).toBe('{counts-of-ledger}:8f14e4.kO3pXv_1z:rebuild');
  expect(inUseKey(MARKS_STEM, ledger)).toBe('{counts-of-ledger}:8f14e4.kO3pXv_1z:in-use');
});
