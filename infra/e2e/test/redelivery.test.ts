import { openTestServers, waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { expectExact } from './support/exactness.js';
import { newEvent, startPlayers } from './support/players.js';
import { openScene, type Scene } from './support/scene.js';

const testServers = openTestServers();
let scene: Scene;

beforeAll(async () => {
  // Redelivery comes when this time is over: short, so that the test is.
  scene = await openScene(testServers, { ...(await testServers.database()), NATS_ACK_WAIT_SECONDS: '2' });
});

afterAll(() => testServers.release());

async function unacknowledged(): Promise<number> {
  return (await scene.jetstream.manager().consumers.info(EVENT_STREAM, LEDGER_CONSUMER)).num_ack_pending;
}

/** Whoever records waits meanwhile: what the consumer holds is not in the books. */
async function whileRecordingIsHeldUp(work: () => Promise<void>): Promise<void> {
  const client = await scene.database.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE ad_totals IN ACCESS EXCLUSIVE MODE');
    await work();
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

test('consumer killed with messages in its hands, again and again under load: exact', async () => {
  const players = startPlayers(scene);
  for (let round = 0; round < 2; round += 1) {
    await players.more(100);
    await scene.stack.consumer.kill();
    await scene.stack.consumer.start();
    await whileRecordingIsHeldUp(async () => {
      await players.more(50);
      await waitFor(async () => (await unacknowledged()) > 0, { timeoutMs: 20_000, what: 'messages to be pulled' });
      await scene.stack.consumer.kill();
    });
    await scene.stack.consumer.start();
  }
  await players.stop();
  expect(players.refusals).toEqual([]);
  // NATS and Postgres were there all the time: whoever sends must not have noticed.
  expect([...players.outcomes.keys()]).toEqual(['202']);
  await expectExact(scene);
});

test('consumer killed between the commit and the counters: the redelivery raises them', async () => {
  const event = newEvent('click', 'ad-003');
  scene.redis.pause();
  try {
    expect((await scene.send(event)).status).toBe(202);
    await waitFor(
      async () => (await scene.database.query('SELECT FROM ad_events WHERE id = $1', [event.id])).rowCount,
      { timeoutMs: 20_000, intervalMs: 5, what: 'the row to be committed' },
    );
    await scene.stack.consumer.kill();
  } finally {
    scene.redis.resume();
  }
  await scene.stack.consumer.start();
  await expectExact(scene);
});

test('ingest killed under load, again and again: every acknowledged id is there once', async () => {
  const players = startPlayers(scene);
  for (let round = 0; round < 3; round += 1) {
    await players.more(150);
    await scene.stack.ingest.kill();
    await scene.stack.ingest.start();
  }
  await players.more(50);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(scene);
});

test('ingest killed under load while NATS is away: its doubts are settled by others', async () => {
  await scene.nats.kill();
  const players = startPlayers(scene);
  await players.more(100);
  await scene.stack.ingest.kill();
  await scene.stack.ingest.start();
  await players.more(100);
  await scene.nats.start();
  await players.more(50);
  await players.stop();
  await expectExact(scene);
});

test('two consumers share the work, and one of them dies: exact', async () => {
  const second = await testServers.service({ name: 'consumer', env: scene.stack.env });
  const players = startPlayers(scene);
  await players.more(200);
  await second.kill();
  await players.more(100);
  await players.stop();
  await expectExact(scene);
});
