import { describe, expect, test } from '@jest/globals';
import { goalsOf, verdictOf } from '../src/goals.js';
import { Figures, inFigures, spreadOf, summarise, Times } from '../src/statistics.js';

describe('the figures of several rounds', () => {
  test('have a median for odd and even numbers of rounds', () => {
    expect(summarise([3, 1, 2])).toEqual({ median: 2, minimum: 1, maximum: 3 });
    expect(summarise([10, 1, 2, 4])).toEqual({ median: 3, minimum: 1, maximum: 10 });
    expect(() => summarise([])).toThrow('empty list of figures');
  });

  test('are grouped by name', () => {
    const figures = new Figures();
    for (const [name, figure] of [
      ['a', 1],
      ['b', 5],
      ['a', 3],
    ] as const)
      figures.add(name, figure);
    expect(figures.names()).toEqual(['a', 'b']);
    expect(figures.of('a').median).toBe(2);
    expect(() => figures.of('c')).toThrow('empty list of figures');
  });

  test('response times are shown with their spread, and given as medians', () => {
    const times = new Times();
    times.add('ours_64', { p50: 1, p99: 10 });
    times.add('ours_64', { p50: 1, p99: 14 });
    expect(times.cells('ours_64')).toEqual(['1', '', '12', '-17 +17 %']);
    expect(times.medians()).toEqual({ ours_64_p50_ms: 1, ours_64_p99_ms: 12 });
  });

  test('are printed with three digits and with their spread', () => {
    expect([26_412, 0.123_456, 7].map(inFigures)).toEqual(['26400', '0.123', '7']);
    expect(spreadOf({ median: 100, minimum: 95, maximum: 120 })).toBe('-5 +20 %');
    expect(spreadOf({ median: 100, minimum: 100, maximum: 100 })).toBe('');
  });
});

describe('goals', () => {
  test('are checked only for parts that ran', () => {
    const drain = {
      one_100_per_second: 50,
      unnest_100_per_second: 100,
      one_10000_per_second: 30,
      unnest_10000_per_second: 120,
      one_views_100_per_second: 40,
      unnest_views_100_per_second: 80,
      gate_on_per_second: 40,
      gate_off_per_second: 50,
    };
    expect(goalsOf({ drain }).map(({ name, value }) => [name, value])).toEqual([
      ['drain_of_unnest_100', 0.5],
      ['drain_of_unnest_10000', 0.25],
      ['drain_of_unnest_views', 0.5],
      ['drain_with_gate', 0.8],
    ]);
  });

  test('are printed with their limits if they were missed', () => {
    const goals = [
      { name: 'a', what: 'clicks/s: ours ÷ bare', value: 0.651, atLeast: 0.72 },
      { name: 'b', what: 'p99 in ms', value: 60, atMost: 50 },
      { name: 'c', what: 'memory, MB', value: 100, atMost: 128 },
    ];
    expect(verdictOf(goals)).toEqual({
      isMet: false,
      sentences: [
        'Goal missed: clicks/s: ours ÷ bare is 0.651, the goal is at least 0.72.',
        'Goal missed: p99 in ms is 60, the goal is at most 50.',
      ],
    });
    expect(verdictOf(goals.slice(2))).toEqual({ isMet: true, sentences: ['All goals were met (1).'] });
  });

  test('throw an error if a part lacks its figure', () => {
    expect(() => goalsOf({ cost: {} })).toThrow('cost.ingest_load_mb');
  });
});
