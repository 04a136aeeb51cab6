import { expect, test } from '@jest/globals';
import { createEventParser, type StreamEvent } from '../src/api/event-parser.js';

function parse(parts: readonly string[]) {
  const events: StreamEvent[] = [];
  const retries: number[] = [];
  const feed = createEventParser({ onEvent: (event) => events.push(event), onRetry: (ms) => retries.push(ms) });
  for (const part of parts) feed(part);
  return { events, retries };
}

const STREAM = 'retry: 1743\n\nid: 7\ndata: {"a":1}\n\n: heartbeat\n\nevent: unavailable\ndata: one\ndata: two\n\n';
const EXPECTED = {
  events: [
    { name: 'message', data: '{"a":1}' },
    { name: 'unavailable', data: 'one\ntwo' },
  ],
  retries: [1743],
};

test.each([
  ['in one part', [STREAM]],
  ['character by character', [...STREAM]],
  ['with CR LF, character by character', [...STREAM.replaceAll('\n', '\r\n')]],
  ['with CR', [STREAM.replaceAll('\n', '\r'), '\n']],
])('a stream is parsed %s', (_name, parts) => {
  expect(parse(parts)).toEqual(EXPECTED);
});

test('an event without its empty line is not complete, and other fields are ignored', () => {
  expect(parse(['data: unfinished\n', 'retry: soon\nfoo\n'])).toEqual({ events: [], retries: [] });
});
