import { describe, expect, it } from '@jest/globals';
import {
  CODES,
  EVENT_KINDS,
  INVALID_COLUMNS,
  KINDS,
  kindNamed,
  kindsIn,
  VALID_COLUMNS,
  wireReader,
} from '../src/index.js';

describe('the table of kinds', () => {
  it('gives each kind codes of its own', () => {
    const codes = KINDS.flatMap((kind) => {
      const { code, labelledCode, judgedCode } = EVENT_KINDS[kind];
      return [...new Set([code, labelledCode, judgedCode])];
    });
    expect(new Set(codes).size).toBe(codes.length);
    expect(CODES.size).toBe(codes.length);
  });

  it('has codes that make an older consumer keep the event for a newer consumer, except those of the first release', () => {
    for (const code of CODES.keys()) expect(code).toMatch(/^(c|i|([2-9]|[1-9]\d{1,2})[a-z]+)$/);
    expect(wireReader.version).toBeLessThan(1_000);
  });

  it.each([[VALID_COLUMNS], [INVALID_COLUMNS]])(
    'counts every kind in one of %j, and in each of them some kind',
    (columns) => {
      expect(columns.flatMap(kindsIn).sort()).toEqual([...KINDS].sort());
      for (const column of columns) expect(kindsIn(column)).not.toEqual([]);
    },
  );

  it('finds each kind by its name and aliases, in any letter case', () => {
    for (const kind of KINDS) {
      for (const name of [kind, ...(EVENT_KINDS[kind].aliases ?? [])]) {
        expect([name, kindNamed(name.toUpperCase())]).toEqual([name, kind]);
      }
    }
    expect(['', 'constructor', '__proto__', 'start ', 'starts'].map(kindNamed)).toEqual(Array(5).fill(undefined));
  });
});
