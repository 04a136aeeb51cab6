import { describe, expect, it } from '@jest/globals';
import {
  ctr,
  ledgerIdOf,
  ledgerOfKey,
  MINUTES_KEY_TTL,
  minuteOf,
  minutesKey,
  oldestVisible,
  SECONDS_KEY_TTL,
  secondOf,
  secondsKey,
  TOTAL_COLUMNS,
  totalsKey,
  WINDOWS,
  windowOf,
} from '../src/index.js';

const NOON = Date.UTC(2026, 10, 22, 12);

describe('windows', () => {
  it('are listed from the narrowest to the widest', () => {
    expect(WINDOWS.map(({ timeframe, seconds }) => [timeframe, seconds])).toEqual([
      ['1m', 60],
      ['5m', 300],
      ['15m', 900],
      ['1h', 3_600],
      ['24h', 86_400],
    ]);
  });

  it('are found by their exact name', () => {
    expect(windowOf('1h')?.field).toBe('last_1_hour');
    for (const none of ['', '2h', '1H', 'constructor']) expect(windowOf(none)).toBeUndefined();
  });
});

describe('buckets', () => {
  it('begin with their first millisecond and end before the next bucket', () => {
    expect([secondOf(NOON - 1), secondOf(NOON), secondOf(NOON + 999), secondOf(NOON + 1_000)]).toEqual(
      [-1, 0, 0, 1].map((offset) => NOON / 1_000 + offset),
    );
    expect([minuteOf(NOON - 1), minuteOf(NOON), minuteOf(NOON + 59_999), minuteOf(NOON + 60_000)]).toEqual(
      [-1, 0, 0, 1].map((offset) => NOON / 60_000 + offset),
    );
  });

  it('of a second are kept for an hour, and one more minute for clocks that are behind', () => {
    const visible = (now: number) => NOON / 1_000 >= oldestVisible(now).second;
    expect([NOON, NOON + 3_659_999, NOON + 3_660_000].map(visible)).toEqual([true, true, false]);
  });

  it('of a minute are kept for a day, and one more minute for clocks that are behind', () => {
    const visible = (now: number) => NOON / 60_000 >= oldestVisible(now).minute;
    const day = 86_400_000;
    expect([NOON, NOON + day + 59_999, NOON + day + 60_000].map(visible)).toEqual([true, true, false]);
  });
});

const LEDGER = 'ledger.state';

describe('counter keys', () => {
  it('of one ad share its hash tag, so that one node of a cluster has them all', () => {
    const keys = [
      totalsKey(LEDGER, 'ad-001'),
      ...TOTAL_COLUMNS.flatMap((column) => [
        secondsKey(LEDGER, 'ad-001', column, NOON / 1_000),
        minutesKey(LEDGER, 'ad-001', column, NOON / 60_000),
      ]),
    ];
    expect(new Set(keys).size).toBe(5);
    // A cluster hashes the text from the first brace to the next closing one.
    for (const key of keys) expect(/^[^{]*\{([^}]+)\}/.exec(key)?.[1]).toBe('ad-001');
  });

  it('contain the ledger id, which can be read from the key, so that ledgers share no keys', () => {
    const keys = (ledger: string) => [
      totalsKey(ledger, 'a'),
      secondsKey(ledger, 'a', 'clicks', 1),
      minutesKey(ledger, 'a', 'clicks', 1),
    ];
    for (const key of keys('q8FjYw.kO3-Xv_1z')) expect(ledgerOfKey(key)).toBe('q8FjYw.kO3-Xv_1z');
    for (const key of keys('one.state')) expect(keys('another.state')).not.toContain(key);
    expect(['ad:{ad-001}:totals', '{counters-of-ledger}:a.b:epoch', 'ad:a.b:totals'].map(ledgerOfKey)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(ledgerIdOf('one.state')).toBe('one');
  });

  it('change exactly with the hour and with the day', () => {
    const hour = NOON / 1_000;
    expect(secondsKey(LEDGER, 'a', 'clicks', hour + 3_599)).toBe(secondsKey(LEDGER, 'a', 'clicks', hour));
    expect(secondsKey(LEDGER, 'a', 'clicks', hour - 1)).not.toBe(secondsKey(LEDGER, 'a', 'clicks', hour));
    const midnight = Date.UTC(2026, 10, 22) / 60_000;
    expect(minutesKey(LEDGER, 'a', 'clicks', midnight + 1_439)).toBe(minutesKey(LEDGER, 'a', 'clicks', midnight));
    expect(minutesKey(LEDGER, 'a', 'clicks', midnight - 1)).not.toBe(minutesKey(LEDGER, 'a', 'clicks', midnight));
  });

  it('expire only when their last bucket is too old for all windows, even if it was an hour ahead', () => {
    const ahead = 3_600;
    expect(SECONDS_KEY_TTL).toBeGreaterThanOrEqual(ahead + 3_600);
    expect(MINUTES_KEY_TTL).toBeGreaterThanOrEqual(ahead + 86_400 + 60);
  });
});

describe('ctr', () => {
  it('is a fraction, is never capped, and is null without impressions', () => {
    expect(ctr(1, 20)).toBe(0.05);
    expect(ctr(3, 2)).toBe(1.5);
    expect(ctr(0, 7)).toBe(0);
    expect(ctr(0, 0)).toBeNull();
    expect(ctr(5, 0)).toBeNull();
  });
});
