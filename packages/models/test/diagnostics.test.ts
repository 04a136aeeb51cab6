import { expect, it } from '@jest/globals';
import { diagnosticLevel } from '../src/index.js';

it.each([
  ['ctr', 100, 100, 'notice'],
  ['ctr', 101, 100, 'warning'],
  ['ctr', 50, 100, 'ok'],
  ['ctr', 99, 1, 'ok'],
  ['ctr', 100, 0, 'warning'],
  ['ctr', 0, 0, 'ok'],
  ['invalid_clicks', 10, 100, 'ok'],
  ['invalid_clicks', 11, 100, 'notice'],
  ['invalid_clicks', 31, 100, 'warning'],
  ['invalid_clicks', 99, 99, 'ok'],
  ['events_without_session', 1_000, 1_000, 'notice'],
] as const)('the level of %s of %d out of %d is %s', (name, value, of, level) => {
  expect(diagnosticLevel(name, value, of)).toBe(level);
});
