import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, openTestServers, runCommand as runProcess, waitFor } from '@ads/local';
import { encodeEvents, uuidv7 } from '@ads/models';
import { UsageError } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { headers, type NatsConnection } from 'nats';
import { runCommand } from '../src/dead-letters-commands.js';
import { readCommand } from '../src/dead-letters-options.js';
import { click } from './messages.js';
import { deadLetters, openQueue, openRows, publish, queueEmpty, queueExists } from './servers.js';

const MAIN = fileURLToPath(new URL('../bundle/dead-letters-main.js', import.meta.url));
const testServers = openTestServers();
let env: Record<string, string | undefined>;
let queue: NatsConnection;
let rows: ReturnType<typeof openRows>;

beforeAll(async () => {
  const [database, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  env = { ...database, ...redis.env, ...nats.env };
  await testServers.service({ name: 'consumer', env });
  queue = await openQueue(testServers, env);
  await queueExists(queue);
  rows = openRows(testServers, env);
});
afterAll(testServers.release);

/** Runs the program. Returns its exit code and output. */
function runProgram(args: readonly string[], variables: Record<string, string> = {}): Promise<CommandResult> {
  return runProcess(process.execPath, [MAIN, ...args], {
    timeoutMs: 60_000,
    env: { ...process.env, ...env, ...variables },
    cwd: testServers.folder,
  });
}

/** Runs the command in this process, which takes a fraction of the CPU time of a start. Returns its output. */
async function deadLetterCommand(...args: string[]): Promise<string> {
  const command = readCommand(args);
  let output = '';
  await runCommand(queue, command, (text) => {
    output += `${text}\n`;
  });
  return output;
}

async function untilStored(count: number): Promise<void> {
  await queueEmpty(queue);
  await waitFor(async () => (await deadLetters(queue)).length === count, {
    timeoutMs: 10_000,
    what: `${count} dead letters`,
  });
}

describe('npm run dead-letters', () => {
  it('reports that there are none', async () => {
    expect(await deadLetterCommand('list')).toBe('0 dead letters\n');
  });

  it('lists, shows and drops dead letters, and replays them into the bucket of their own time, once', async () => {
    const occurredAt = Date.now() - 7_200_000;
    const id = uuidv7(occurredAt);
    const late = { kind: 'click', id, adId: 'ad-late', ip: '203.0.113.9', occurredAt, receivedAt: occurredAt } as const;
    await publish(queue, ['rubbish', [late]]);
    await untilStored(2);

    const list = await runProgram(['list']);
    expect(list).toEqual({ code: 0, output: expect.stringMatching(/\n2 dead letters\n$/) });
    expect(list.output).toMatch(/^1\t\S+Z\tAD_EVENTS:1\t1 event\tnot JSON: /m);
    expect(list.output).toMatch(/^2\t\S+Z\tAD_EVENTS:2\t1 event\tunknown ad ad-late$/m);
    expect(await deadLetterCommand('show', '1')).toMatch(/\nreason {2}not JSON.*\n\nrubbish\n$/);
    expect(await deadLetterCommand('show', '2')).toContain(encodeEvents([late]).toString());

    await rows("INSERT INTO ads (id, image_url, target_url) VALUES ('ad-late', '', '')");
    expect(await deadLetterCommand('replay', '2')).toBe('1 dead letter is in the queue again.\n');
    expect(await deadLetterCommand('drop', '1')).toBe('1 dead letter is deleted.\n');
    expect(await deadLetterCommand('list')).toBe('0 dead letters\n');
    // A second replay, as if the first had seemed to fail.
    await publish(queue, [[late]]);
    await queueEmpty(queue);
    expect(await rows("SELECT minute, clicks FROM counts_per_minute WHERE ad_id = 'ad-late'")).toEqual([
      { minute: String(Math.floor(occurredAt / 60_000)), clicks: '1' },
    ]);
  });

  it.each([
    [[], 'Give a command: list, show, replay or drop.'],
    [['replay'], 'replay takes ids, --all, or --reason TEXT.'],
    [['show', '1', '2'], 'show takes one id.'],
    [['drop', 'all'], 'An id must be a positive whole number, not all.'],
    [['drop', '1', '--all'], 'Give either ids, or --all or --reason.'],
    [['list', '--limit', '0'], '--limit must be a positive whole number, not 0.'],
    [['bury', '1'], 'Unknown command bury.'],
    [['drop', '--al'], expect.stringMatching(/^Unknown option '--al'[^\n]*$/)],
  ])('refuses an invalid command: %j', async (args, message) => {
    const refusal = deadLetterCommand(...args).catch((error: unknown) => error);
    expect(await refusal).toBeInstanceOf(UsageError);
    expect(await refusal).toMatchObject({ message });
  });

  it('reports an invalid command in one line with exit code 2', async () => {
    const output = 'replay takes ids, --all, or --reason TEXT. Try --help.\n';
    expect(await runProgram(['replay'])).toEqual({ code: 2, output });
  });

  it('prints its usage', async () => {
    expect(await runProgram(['--help'])).toEqual({ code: 0, output: expect.stringMatching(/^Usage: /) });
  });

  it('reports ids that do not exist', async () => {
    expect(await runProgram(['show', '999'])).toEqual({ code: 1, output: 'Dead letter 999 does not exist.\n' });
  });

  it('finds dead letters by a part of any of their reasons', async () => {
    const now = Date.now();
    const late = (adId: string) => ({ ...click({ occurredAt: now, receivedAt: now }), adId });
    // One at a time, since events that wait together share a dead letter.
    await publish(queue, [['ad-a', 'ad-b', 'ad-c', 'ad-d', 'ad-e'].map(late)]);
    await untilStored(1);
    await publish(queue, [[late('ad-a')]]);
    await untilStored(2);
    await publish(queue, ['rubbish']);
    await untilStored(3);
    const list = (...args: string[]) => deadLetterCommand('list', ...args);
    expect(await list('--reason', 'ad-e')).toMatch(
      /5 events\tunknown ad ad-a; .* 2 more reasons\n1 dead letter with 5/,
    );
    expect(await list('--reason', 'ad-a')).toMatch(/\n2 dead letters with 6 events\n$/);
    expect(await list('--limit', '1')).toMatch(/\n1 dead letter with 5 events\n$/);
    // Events of other ads are kept.
    expect(await deadLetterCommand('drop', '--reason', 'ad-a')).toBe('1 dead letter is deleted.\n');
    expect(await deadLetterCommand('drop', '--reason', 'not JSON')).toBe('1 dead letter is deleted.\n');
    await rows(
      "INSERT INTO ads (id, image_url, target_url) SELECT 'ad-' || x, '', '' FROM unnest('{a,b,c,d,e}'::text[]) x",
    );
    const again = '1 dead letter with 5 events is in the queue again.\n';
    expect(await deadLetterCommand('replay', '--reason', 'ad-c')).toBe(again);
    await queueEmpty(queue);
    expect(await rows("SELECT ad_id, clicks FROM ad_totals WHERE ad_id ~ '^ad-[a-e]$' ORDER BY 1")).toEqual(
      ['ad-a', 'ad-b', 'ad-c', 'ad-d', 'ad-e'].map((ad_id) => ({ ad_id, clicks: '1' })),
    );
  });

  it('prints no control characters of an event to the terminal', async () => {
    const evil = '\u001b[2Jgone\u009b31m\u202egnp.exe\u2066\u0007';
    const bears = headers();
    bears.set('Dead-Letter-Reason', evil);
    bears.set('Dead-Letter-Source', evil);
    const { seq } = await queue
      .jetstream()
      .publish('ads.dead-letters', Buffer.from(`${evil}\nsecond line`), { headers: bears });
    const shown = String.raw`\u{1b}[2Jgone\u{9b}31m\u{202e}gnp.exe\u{2066}\u{7}`;
    expect(await deadLetterCommand('list')).toContain(`\t${shown}\t1 event\t${shown}\n`);
    expect(await deadLetterCommand('show', String(seq))).toContain(`${shown}\nsecond line\n`);
    await deadLetterCommand('drop', String(seq));
  });

  it('lists, replays and drops thousands of dead letters, except those that arrive meanwhile', async () => {
    const event = encodeEvents([click({ adId: 'ad-404' })]);
    const bears = headers();
    bears.set('Dead-Letter-Kind', 'unknown_ad');
    bears.set('Dead-Letter-Events', '1');
    bears.set('Dead-Letter-Reason', 'unknown ad ad-404');
    for (let done = 0; done < 2_500; done += 500) {
      const letters = Array.from({ length: 500 }, () =>
        queue.jetstream().publish('ads.dead-letters', event, { headers: bears }),
      );
      await Promise.all(letters);
    }
    const list = await deadLetterCommand('list');
    expect(list.split('\n')).toHaveLength(2_502);
    expect(list).toMatch(/\n2500 dead letters\n$/);
    // The events return in fewer dead letters, which the same command does not replay again.
    expect(await deadLetterCommand('replay', '--all')).toBe('2500 dead letters are in the queue again.\n');
    await queueEmpty(queue);
    const letters = await deadLetters(queue);
    expect(letters.map(({ reason }) => reason)).toEqual(letters.map(() => 'unknown ad ad-404'));
    expect(await deadLetterCommand('drop', '--all')).toMatch(
      /^\d+ dead letters? with 2500 events (is|are) deleted\.\n$/,
    );
    expect(await deadLetterCommand('list')).toBe('0 dead letters\n');
  });

  it('uses the servers of npm start in this folder, unless NATS_URL is set', async () => {
    const run = join(testServers.folder, '.local', 'run');
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'servers.json'), JSON.stringify({ nats: { NATS_URL: env.NATS_URL } }));
    expect(await runProgram(['list'], { NATS_URL: '' })).toEqual({ code: 0, output: '0 dead letters\n' });
    const elsewhere = await runProgram(['list'], { NATS_URL: 'nats://127.0.0.1:1' });
    expect(elsewhere).toEqual({ code: 1, output: expect.stringMatching(/^NATS: /) });
  });
});
