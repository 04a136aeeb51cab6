import { openTestServers, waitFor } from '@ads/local';
import {
  DEAD_LETTER_REASON,
  DEAD_LETTER_SOURCE,
  DEAD_LETTER_STREAM,
  EVENT_STREAM,
  EVENT_SUBJECT,
  encodeEvents,
} from '@ads/models';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  type Environment,
  openEnvironment,
  QUICK_TIMEOUTS,
  type SentEvent,
  untilHealthy,
} from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { newEvent, startPlayers } from './support/players.js';

const testServers = openTestServers();
let environment: Environment;

beforeAll(async () => {
  environment = await openEnvironment(testServers, { ...(await testServers.database()), ...QUICK_TIMEOUTS });
});

beforeEach(() => untilHealthy(environment));

afterEach(() => environment.nats.resume());

afterAll(() => testServers.release());

async function sendTwenty(event: SentEvent): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 20 }, () => environment.send(event)));
  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
}

test('one id, sent 20 times at once and again later as click and as impression, counts once per kind', async () => {
  const click = newEvent();
  const impression: SentEvent = { ...click, kind: 'impression' };
  await Promise.all([sendTwenty(click), sendTwenty(impression)]);
  await expectExact(environment);
  await Promise.all([sendTwenty(click), sendTwenty(impression)]);
  await expectExact(environment);
  expect(await environment.analytics('ad-001')).toMatchObject({ total_clicks: 1, impressions: 1, ctr: 1 });
});

test('an id in capitals is the same id', async () => {
  const click = newEvent();
  await environment.send(click);
  const capitals = { ...click, id: click.id.toUpperCase() };
  expect((await environment.send(capitals)).status).toBe(202);
  environment.journal.acknowledged.delete(`click ${capitals.id}`);
  await expectExact(environment);
});

test('an event counts once if its publish times out and arrives after Postgres has the event', async () => {
  const taken = await environment.jetstream.taken();
  environment.nats.pause();
  const events = [newEvent(), newEvent('impression'), newEvent('click', 'ad-002')];
  for (const event of events) expect((await environment.send(event)).status).toBe(202);
  const { rows } = await environment.admin.database.query('SELECT FROM ad_events WHERE id = ANY($1)', [
    events.map((event) => event.id),
  ]);
  expect(rows).toHaveLength(events.length);

  environment.nats.resume();
  // The first publish waited in the connection and arrives now.
  await waitFor(async () => (await environment.jetstream.taken()) > taken, {
    timeoutMs: 20_000,
    what: 'the message that timed out to arrive',
  });
  await expectExact(environment);
});

test('counts are exact over both paths while NATS hangs repeatedly under load', async () => {
  const players = startPlayers(environment);
  for (let round = 0; round < 2; round += 1) {
    await players.more(150);
    environment.nats.pause();
    await players.more(20);
    environment.nats.resume();
  }
  await players.more(100);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(environment);
});

interface DeadLetter {
  readonly reason: string;
  readonly source: string;
  readonly text: string;
}

async function deadLetters(): Promise<DeadLetter[]> {
  const manager = environment.jetstream.manager();
  const { first_seq, last_seq } = (await manager.streams.info(DEAD_LETTER_STREAM)).state;
  const letters: DeadLetter[] = [];
  for (let seq = Math.max(first_seq, 1); seq <= last_seq; seq += 1) {
    const { header, data } = await manager.streams.getMessage(DEAD_LETTER_STREAM, { seq });
    const text = Buffer.from(data).toString('utf8');
    letters.push({ reason: header.get(DEAD_LETTER_REASON), source: header.get(DEAD_LETTER_SOURCE), text });
  }
  return letters;
}

test('bad messages among good ones are dead-lettered with a reason, and the good ones count', async () => {
  const now = Date.now();
  const wire = ({ kind, id, adId }: SentEvent) => ({
    kind,
    id,
    adId,
    ip: '192.0.2.1',
    occurredAt: now,
    receivedAt: now,
  });
  const good = Array.from({ length: 6 }, () => newEvent());
  const [first, second, ...others] = good;
  if (!first || !second) throw new Error('there are six');
  const stranger = newEvent('click', 'ad-nobody-knows');
  const mixed = JSON.parse(encodeEvents([wire(first), wire(second)]).toString()) as { events: object[] };
  mixed.events.splice(1, 0, { k: 'c', id: 'no uuid' });
  const poison = [
    Buffer.from('this is not JSON'),
    Buffer.from([0xff, 0x00, 0xfe]),
    Buffer.alloc(0),
    Buffer.from(JSON.stringify({ v: 9_999, events: [] })),
    Buffer.from(JSON.stringify(mixed)),
    encodeEvents([...others.map(wire), wire(stranger)]),
  ];
  const sources: string[] = [];
  for (const message of poison) {
    const { seq } = await environment.jetstream.client().publish(EVENT_SUBJECT, message);
    sources.push(`${EVENT_STREAM}:${seq}`);
  }
  for (const event of good) environment.journal.acknowledge(event, event);
  const after = newEvent();
  expect((await environment.send(after)).status).toBe(202);
  await expectExact(environment);

  const letters = await deadLetters();
  expect(letters.map((letter) => letter.source).sort()).toEqual([...sources].sort());
  expect(letters.every((letter) => letter.reason !== '')).toBe(true);
  expect(letters.find((letter) => letter.text === 'this is not JSON')?.reason).toContain('not JSON');
  expect(letters.find((letter) => letter.text.includes('"v":9999'))?.reason).toContain('9999');
  expect(letters.find((letter) => letter.text.includes('no uuid'))?.reason).toContain('UUID');
  expect(letters.find((letter) => letter.text.includes(stranger.id))?.reason).toContain('ad-nobody-knows');
});
