import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { freePort, localFolder } from '../src/index.js';
import { keptPort } from '../src/launcher/kept-ports.js';

const file = join(process.env.TEST_FOLDER ?? join(localFolder, 'test'), randomBytes(4).toString('hex'), 'ports.json');

test('a server keeps its port from one start to the next, and gets another one while a program has it', async () => {
  const [redis, nats] = await Promise.all([keptPort('Redis', file), keptPort('NATS', file)]);
  expect(await keptPort('Redis', file)).toBe(redis);
  const other = createServer().listen(redis, '127.0.0.1');
  await once(other, 'listening');
  const moved = await keptPort('Redis', file);
  expect(moved).not.toBe(redis);
  other.close();
  await once(other, 'close');
  expect(await keptPort('Redis', file)).toBe(moved);
  expect(await keptPort('NATS', file)).toBe(nats);
  // Another checkout that starts at the same time, before this one's server listens.
  expect(await keptPort('NATS', `${file}.other`)).not.toBe(nats);
  // Tests and other runs take their ports elsewhere.
  expect(await freePort()).toBeGreaterThanOrEqual(20_000);
});
