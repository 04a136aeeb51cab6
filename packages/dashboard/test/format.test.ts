import { expect, test } from '@jest/globals';
import { changeOf, formatChange, formatCount, formatRate, NO_VALUE, quotient } from '../src/format/numbers.js';
import { dateIn, formatTime, isZone, zoneName } from '../src/format/times.js';
import { topOf } from '../src/parts/axis.js';
import { addressOf, segmentsOf } from '../src/shell/addresses.js';

test('numbers that do not exist are not shown as zero', () => {
  expect([formatCount(null), formatRate(undefined), formatChange(null)]).toEqual([NO_VALUE, NO_VALUE, NO_VALUE]);
  expect(quotient(3, 0)).toBeNull();
  expect([changeOf(5, 0), changeOf(null, 5), changeOf(5, undefined)]).toEqual([null, null, null]);
});

test('the top of an axis is a round number, which has a label', () => {
  expect([null, 0, 1, 2, 7, 18, 21, 84, 1_234].map(topOf)).toEqual([5, 5, 1, 2, 10, 20, 30, 100, 1_500]);
  expect(topOf(0.062)).toBeCloseTo(0.1);
});

test('changes are relative', () => {
  expect(changeOf(110, 100)).toBeCloseTo(0.1);
  expect(changeOf(0, 100)).toBe(-1);
});

test('dates and times are those of the zone', () => {
  const time = Date.parse('2026-11-01T02:30:00Z');
  expect([dateIn(time, 'America/New_York'), dateIn(time, 'Asia/Kolkata')]).toEqual(['2026-10-31', '2026-11-01']);
  expect(formatTime(time, 'minute', 'Asia/Kolkata')).toMatch(/0?8:00/);
  expect(zoneName('America/New_York', time)).toBe('America/New York (GMT-4)');
  expect([isZone('Europe/Berlin'), isZone('Mars/Olympus')]).toEqual([true, false]);
});

test.each([['a/b c?d#e'], ['%00'], ['<script>'], ['ad-001']])('an address keeps the id %s', (id) => {
  const address = addressOf(['ads', id], { tz: 'Europe/Berlin' });
  expect(segmentsOf(new URL(address, 'http://localhost').pathname)).toEqual(['ads', id]);
});

test('an address that is not encoded well is shown as it is', () => {
  expect(segmentsOf('/dashboard/ads/100%')).toEqual(['ads', '100%']);
  expect(segmentsOf('/api/v1/dashboard/now/')).toEqual(['now']);
  expect(segmentsOf('/elsewhere')).toEqual([]);
});
