import { expect, test } from '@jest/globals';
import { queueRoom } from '../src/launcher/queue-room.js';

const GIB = 1_073_741_824;
const MIB = 1_048_576;

test.each([
  ['no limits', {}, 1 * GIB, 256 * MIB],
  ['a large stream', { NATS_STREAM_MAX_BYTES: String(20 * GIB) }, 20 * GIB, 256 * MIB],
  ['many dead letters', { NATS_DEAD_LETTERS_MAX_BYTES: String(9 * GIB) }, 1 * GIB, 9 * GIB],
])('the room of JetStream fits all streams: %s', (_name, variables, events, letters) => {
  const { env, jetstream } = queueRoom(variables);
  expect(env).toEqual({ NATS_STREAM_MAX_BYTES: String(events) });
  expect(Number(jetstream.max_file_store)).toBeGreaterThan(events + letters);
});

test('the room of JetStream has its default size if a stream has no limit', () => {
  expect(queueRoom({ NATS_STREAM_MAX_BYTES: '-1' })).toEqual({ env: { NATS_STREAM_MAX_BYTES: '-1' }, jetstream: {} });
});
