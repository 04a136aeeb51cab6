import { fileURLToPath } from 'node:url';
import { type CommandResult, openTestServers, runCommand } from '@ads/local';
import {
  DEAD_LETTER_SOURCE,
  DEAD_LETTER_STREAM,
  EVENT_STREAM,
  newerEventsSubject,
  WAITING_LETTER_SUBJECT,
} from '@ads/models';
import { UsageError } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection, StoredMsg } from 'nats';
import { eraseInMessages } from '../src/erase-messages.js';
import { readAddressToErase } from '../src/erase-options.js';
import { click } from './messages.js';
import { openQueue, openRows, publish, queueExists } from './servers.js';

const MAIN = fileURLToPath(new URL('../bundle/erase-main.js', import.meta.url));
const VIEWER = '203.0.113.7';

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

function erase(...args: string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [MAIN, ...args], {
    timeoutMs: 60_000,
    env: { ...process.env, ...env },
    cwd: testServers.folder,
  });
}

/** A message with one event, as a newer release or a dead letter may have it. */
const message = (ip: unknown, viewer: object = { vw: '7' }) =>
  JSON.stringify({ v: 1, events: [{ k: '9z', ip, more: [1], ...viewer }] });

/** The messages of a stream with their texts, oldest first. */
async function messagesIn(connection: NatsConnection, stream: string): Promise<{ stored: StoredMsg; text: string }[]> {
  const { streams } = await connection.jetstreamManager();
  const { state } = await streams.info(stream, { deleted_details: true });
  const messages: { stored: StoredMsg; text: string }[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    if (state.deleted?.includes(seq)) continue;
    const stored = await streams.getMessage(stream, { seq });
    messages.push({ stored, text: Buffer.from(stored.data).toString() });
  }
  return messages;
}

describe('npm run erase', () => {
  it.each([
    [[], 'Give one address: --ip ADDRESS.'],
    [['--ip', VIEWER, '--ip', VIEWER], 'Give one address: --ip ADDRESS.'],
    [['--ip', '203.0.113.0/24'], '--ip must be an IPv4 or IPv6 address without a network mask.'],
    [['--ip', '0.0.0.0'], '0.0.0.0 stands for an unknown or erased address.'],
    [['--all'], expect.stringMatching(/^Unknown option '--all'[^\n]*$/)],
  ])('refuses %j', (args, message) => {
    expect(() => readAddressToErase(args)).toThrow(UsageError);
    expect(() => readAddressToErase(args)).toThrow(expect.objectContaining({ message }));
  });

  it('reports a refusal in one line with exit code 2', async () => {
    expect(await erase()).toEqual({ code: 2, output: 'Give one address: --ip ADDRESS. Try --help.\n' });
  });

  it('erases an address from queue, events and dead letters, and says what it cannot read', async () => {
    await publish(queue, [
      [click({ ip: VIEWER }), click()],
      [click({ ip: VIEWER, adId: 'nobody' }), click({ adId: 'nobody' })],
      `rubbish from ${VIEWER}`,
      'rubbish',
      message(VIEWER),
    ]);
    const { code, output } = await erase('--ip', '::ffff:203.0.113.7');
    expect(output).toBe(
      'Stored events changed: 1\nEvents in dead letters changed: 2\n' +
        'Dead letters that contain the address and cannot be read: 1. Drop them with npm run dead-letters.\n',
    );
    expect(code).toBe(1);
    expect(await rows('SELECT host(ip) AS ip FROM ad_events ORDER BY 1')).toEqual([
      { ip: '0.0.0.0' },
      { ip: '203.0.113.9' },
    ]);
    expect(await rows('SELECT clicks FROM ad_totals')).toEqual([{ clicks: '2' }]);
    const letters = await messagesIn(queue, DEAD_LETTER_STREAM);
    const texts = letters.map(({ text }) => text);
    expect(texts.filter((text) => text.includes(VIEWER))).toEqual([`rubbish from ${VIEWER}`]);
    const unknown = letters.find(({ text }) => text.includes('nobody'));
    expect(unknown?.text).toMatch(/"ip":"0\.0\.0\.0".*"ip":"203\.0\.113\.9"/);
    expect(unknown?.stored.header.get(DEAD_LETTER_SOURCE)).toBe('AD_EVENTS:2');
  });

  it('erases from messages that wait in the event stream, and keeps their other bytes', async () => {
    const subjects = [WAITING_LETTER_SUBJECT, newerEventsSubject(9)];
    // No consumer runs that would move them.
    const nats = await testServers.nats();
    const other = await openQueue(testServers, nats.env);
    const manager = await other.jetstreamManager();
    await manager.streams.add({ name: EVENT_STREAM, subjects: [WAITING_LETTER_SUBJECT, newerEventsSubject('*')] });
    await manager.streams.add({ name: DEAD_LETTER_STREAM, subjects: ['ads.dead-letters'] });
    for (const subject of subjects) {
      for (const ip of [VIEWER, '203.0.113.9', 7, '::ffff:cb00:7107']) {
        await other.jetstream().publish(subject, message(ip));
      }
    }
    expect(await eraseInMessages(other, VIEWER)).toEqual({ events: 4, unreadable: 0 });
    const texts: Record<string, string[]> = {};
    for (const { stored, text } of await messagesIn(other, EVENT_STREAM)) {
      texts[stored.subject] = [...(texts[stored.subject] ?? []), text];
    }
    const expected = [message('203.0.113.9'), message(7), message('0.0.0.0', {}), message('0.0.0.0', {})];
    expect(texts).toEqual(Object.fromEntries(subjects.map((subject) => [subject, expected])));
  });
});
