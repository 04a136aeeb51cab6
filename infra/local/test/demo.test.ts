import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DEMO_ADS } from '../src/demo/ads.js';
import { deleteHalfDemo } from '../src/demo/demo.js';
import { watch } from '../src/demo/viewer.js';

test('viewers of the demo report events in order of time, from addresses that nobody has', () => {
  const begin = Date.parse('2026-01-31T12:00:00Z');
  for (const ad of DEMO_ADS) {
    const viewers = Array.from({ length: 500 }, () => watch(ad, begin));
    const ends = begin + ad.durationSeconds * 1_000;
    const isGood = viewers.map((events) => {
      const times = events.map(({ timestamp }) => Date.parse(timestamp));
      const inOrder = times.every((time, index) => time >= (times[index - 1] ?? begin) && time <= ends);
      return inOrder && events[0]?.kind === 'impression' && events.every(({ ip }) => /^198\.1[89]\./.test(ip));
    });
    expect(isGood).not.toContain(false);
    const count = (wanted: string) => viewers.flat().filter(({ kind }) => kind === wanted).length;
    expect(count('impression')).toBe(500);
    expect(count('complete')).toBeLessThan(count('midpoint'));
    expect(count('click')).toBeGreaterThan(0);
  }
});

test('a demo whose history was interrupted begins again, so that no event is counted twice', () => {
  const folder = mkdtempSync(join(tmpdir(), 'demo-'));
  writeFileSync(join(folder, 'history-made'), '');
  deleteHalfDemo(folder);
  expect(existsSync(folder)).toBe(true);
  const half = mkdtempSync(join(tmpdir(), 'demo-'));
  writeFileSync(join(half, 'data'), '');
  deleteHalfDemo(half);
  expect(existsSync(half)).toBe(false);
});
