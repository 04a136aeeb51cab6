import { describe, expect, it } from '@jest/globals';
import { CODES, EVENT_KINDS, KINDS, wireReader } from '../src/index.js';

describe('the table of kinds', () => {
  it('gives each kind a distinct code, id field, label and plural', () => {
    expect(CODES.size).toBe(KINDS.length);
    for (const column of ['idField', 'label', 'plural'] as const) {
      expect(new Set(KINDS.map((kind) => EVENT_KINDS[kind][column])).size).toBe(KINDS.length);
    }
  });

  it('has codes that older releases keep for newer ones, except the codes of the first release', () => {
    for (const code of CODES.keys()) expect(code).toMatch(/^(c|i|([2-9]|[1-9]\d{1,2})[a-z]+)$/);
    expect(wireReader.version).toBeLessThan(1_000);
  });
});
