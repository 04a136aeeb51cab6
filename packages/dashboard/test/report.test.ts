import { describe, expect, test } from '@jest/globals';
import { addDays, firstOfMonth, msOfDayIn, timeIn } from '../src/format/times.js';
import { readChoice, writeChoice } from '../src/report/choice.js';
import { csvOf } from '../src/report/csv.js';
import { totalsOf } from '../src/report/metrics.js';
import { boundsBefore, boundsOf, daysOf, type RangeName } from '../src/report/ranges.js';
import { pairRows } from '../src/report/read-report.js';

const BERLIN = 'Europe/Berlin';
/** 02:40 on Monday, 30 March in Berlin, where clocks went forward the day before. */
const NOW = Date.parse('2026-03-30T00:40:00Z');

describe('a range', () => {
  const custom = { from: '2026-03-01', to: '2026-03-02', tz: BERLIN };

  test.each<[RangeName, string, string, string, string]>([
    ['yesterday', '2026-03-29', '2026-03-30', '2026-03-28', '2026-03-29'],
    // At the same time of the day, though in winter time.
    ['7d', '2026-03-24', 'now', '2026-03-17', '2026-03-23T01:45:00.000Z'],
    // February is shorter, so it ends before the month does.
    ['month', '2026-03-01', 'now', '2026-02-01', '2026-03-01'],
    ['last_month', '2026-02-01', '2026-03-01', '2026-01-01', '2026-02-01'],
    ['custom', '2026-03-01', '2026-03-03', '2026-02-27', '2026-03-01'],
  ])('%s is from %s to %s, and compared with %s to %s', (range, from, to, fromBefore, toBefore) => {
    const days = daysOf({ range, ...custom }, NOW);
    expect(boundsOf(days, BERLIN, NOW)).toEqual({ from, ...(to === 'now' ? {} : { to }) });
    expect(boundsBefore(range, days, BERLIN, NOW)).toEqual({ from: fromBefore, to: toBefore });
  });

  test('is compared with a day that skipped the present time of the day', () => {
    const { from, to = '' } = boundsBefore('today', daysOf({ range: 'today', ...custom }, NOW), BERLIN, NOW);
    expect(from).toBe('2026-03-29');
    expect(['2026-03-29T00:45:00.000Z', '2026-03-29T01:45:00.000Z']).toContain(to);
  });

  test('begins on the day of its own time zone', () => {
    expect(daysOf({ range: 'today', ...custom, tz: 'America/Los_Angeles' }, NOW).from).toBe('2026-03-29');
    expect(daysOf({ range: 'today', ...custom, tz: 'Pacific/Kiritimati' }, NOW).from).toBe('2026-03-30');
  });
});

test('times of zones', () => {
  expect(new Date(timeIn('Asia/Kathmandu', '2026-03-30', 3_600_000)).toISOString()).toBe('2026-03-29T19:15:00.000Z');
  expect(new Date(timeIn(BERLIN, '2026-03-30')).toISOString()).toBe('2026-03-29T22:00:00.000Z');
  expect(msOfDayIn(BERLIN, NOW)).toBe(160 * 60_000);
  expect([addDays('2026-03-01', -1), firstOfMonth('2026-01-31', -1)]).toEqual(['2026-02-28', '2025-12-01']);
});

describe('the choice of a report', () => {
  const read = (text: string) => readChoice(new URLSearchParams(text), NOW);

  test('is the same after it was written into an address', () => {
    const choice = read(
      'range=custom&from=2026-01-01&to=2026-02-28&tz=Asia/Tokyo&interval=week&group=ad&metric=ctr&compare=1&sort=-ctr&campaign=a%26b',
    );
    expect(choice).toMatchObject({
      group: 'ad',
      filters: { campaign: 'a&b' },
      sort: { by: 'ctr', isDescending: true },
    });
    expect(read(new URLSearchParams(writeChoice(choice)).toString())).toEqual(choice);
  });

  test('has defaults in place of values that do not exist', () => {
    const hostile = read(
      'range=constructor&tz=../..&interval=minute&group=__proto__&metric=toString&from=x&to=2026-99-99',
    );
    expect(hostile).toEqual(read(''));
    expect(hostile).toMatchObject({ range: '7d', interval: 'day', group: '', metric: 'clicks', filters: {} });
    expect(read('range=custom&from=2026-03-09&to=2026-03-01').from).toBe('2026-02-23');
  });
});

test('rates of totals are quotients of sums, not means', () => {
  const row = { final: false, starts: 0, completes: 0 };
  expect(
    totalsOf([
      { ...row, clicks: 1, impressions: 1 },
      { ...row, clicks: 0, impressions: 99 },
    ]),
  ).toEqual({
    ...{ clicks: 1, impressions: 100, starts: 0, completes: 0 },
    ctr: 0.01,
    completion_rate: null,
  });
});

test('each row is compared with its group in the interval of the same number', () => {
  const period = (rows: readonly (readonly [time: string, campaign: string | null, clicks: number])[]) => ({
    report: {
      ...{ from: '', to: '', tz: '', interval: 'day' as const, group_by: [], next_cursor: null },
      rows: rows.map(([time, campaign, clicks]) => ({ time, campaign, clicks, final: true })),
    },
    totals: totalsOf([]),
  });
  const now = period([
    ['3', 'a', 1],
    ['3', null, 2],
    ['4', 'a', 3],
    ['4', 'null', 4],
  ]);
  const before = period([
    ['1', null, 20],
    ['2', 'a', 30],
  ]);
  expect(pairRows({ now, before }, 'campaign').map(({ row, before: old }) => [row.clicks, old?.clicks])).toEqual([
    [1, undefined],
    [2, 20],
    [3, 30],
    [4, undefined],
  ]);
});

test('CSV quotes, and a spreadsheet takes no text for a formula', () => {
  const cells = ['=1+1', '+1', '@x', 'a,"b"\n', ' plain', '', null, undefined, -5, 0.25];
  expect(csvOf(['a', 'b,'], [cells])).toBe(`a,"b,"\r\n'=1+1,'+1,'@x,"a,""b""\n", plain,,,,-5,0.25\r\n`);
});
