import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openBench, waitFor } from '@ads/local';
import { encodeEvents, uuidv7 } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { deadLetters, openQueue, openRows, publish, queueEmpty, queueExists } from './servers.js';

const MAIN = fileURLToPath(new URL('../dist/dead-letters-main.js', import.meta.url));
const bench = openBench();
let env: Record<string, string | undefined>;
let queue: NatsConnection;
let rows: ReturnType<typeof openRows>;

beforeAll(async () => {
  const [database, redis, nats] = await Promise.all([bench.database(), bench.redis(), bench.nats()]);
  env = { ...database, ...redis.env, ...nats.env };
  await bench.service({ name: 'consumer', env });
  queue = await openQueue(bench, env);
  await queueExists(queue);
  rows = openRows(bench, env);
});
afterAll(bench.release);

/** Runs the command as an operator does: its exit code, and what it printed. */
function deadLetterCommand(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...process.env, ...env }, cwd: bench.folder },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}

async function untilBuried(count: number): Promise<void> {
  await queueEmpty(queue);
  await waitFor(async () => (await deadLetters(queue)).length === count, {
    timeoutMs: 10_000,
    what: `${count} dead letters`,
  });
}

describe('the dead letters', () => {
  it('are none at first', async () => {
    expect(await deadLetterCommand('list')).toEqual({ code: 0, output: '0 dead letters\n' });
  });

  it('are listed, shown, replayed and counted once in the bucket of their own time, or dropped', async () => {
    const occurredAt = Date.now() - 7_200_000;
    const id = uuidv7(occurredAt);
    const late = { kind: 'click', id, adId: 'ad-late', ip: '203.0.113.9', occurredAt, receivedAt: occurredAt } as const;
    await publish(queue, ['rubbish', [late]]);
    await untilBuried(2);

    const list = await deadLetterCommand('list');
    expect(list).toEqual({ code: 0, output: expect.stringMatching(/\n2 dead letters\n$/) });
    expect(list.output).toMatch(/^1\t\S+Z\tAD_EVENTS:1\tnot JSON: /m);
    expect(list.output).toMatch(/^2\t\S+Z\tAD_EVENTS:2\tunknown ad ad-late$/m);
    expect((await deadLetterCommand('show', '1')).output).toMatch(/\nreason {2}not JSON.*\n\nrubbish\n$/);
    expect((await deadLetterCommand('show', '2')).output).toContain(encodeEvents([late]).toString());

    await rows("INSERT INTO ads (id, image_url, target_url) VALUES ('ad-late', '', '')");
    expect(await deadLetterCommand('replay', '2')).toEqual({ code: 0, output: '2 is in the queue again.\n' });
    expect(await deadLetterCommand('drop', '1')).toEqual({ code: 0, output: '1 is deleted.\n' });
    expect(await deadLetterCommand('list')).toEqual({ code: 0, output: '0 dead letters\n' });
    // The same once more, as when the first try was thought to have failed.
    await publish(queue, [[late]]);
    await queueEmpty(queue);
    expect(await rows("SELECT minute, clicks FROM clicks_per_minute WHERE ad_id = 'ad-late'")).toEqual([
      { minute: String(Math.floor(occurredAt / 60_000)), clicks: '1' },
    ]);
  });

  it.each([[[]], [['replay']], [['show', '1', '2']], [['drop', 'all']], [['bury', '1']]])(
    'are not touched by a command that is none: %j',
    async (args) => {
      expect(await deadLetterCommand(...args)).toEqual({ code: 1, output: expect.stringMatching(/^Usage: /) });
    },
  );

  it('that are not there are said not to be', async () => {
    expect(await deadLetterCommand('show', '999')).toEqual({ code: 1, output: 'There is no dead letter 999.\n' });
  });
});
