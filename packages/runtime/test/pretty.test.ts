import { expect, it } from '@jest/globals';
import { describeError } from '../src/log/logger.js';
import { prettyLine } from '../src/log/pretty.js';

it('writes a log line for people, with the stack of an error below', () => {
  const error = { ...describeError(new Error('refused')), stack: 'Error: refused\n    at x' };
  const timestamp = '2026-01-31T12:00:00.007Z';
  const line = { timestamp, level: 'warn', service: 'ingest', message: 'NATS is away', event: 'a.b', n: [1], error };
  const [hours, minutes] = [new Date(timestamp).getHours(), new Date(timestamp).getMinutes()].map((part) =>
    String(part).padStart(2, '0'),
  );
  const expected = `${hours}:${minutes}:00.007 WARN  ingest    NATS is away  event=a.b n=[1] error=refused
    Error: refused
        at x`;
  expect(prettyLine(line, false)).toBe(expected);
  expect(prettyLine(line, true)).toContain('\x1b[33mWARN');
});
