import { ACCEPTED } from '@ads/harness';
import { openTestServers, waitFor } from '@ads/local';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Environment, openEnvironment } from './support/environment.js';
import { expectExact } from './support/exactness.js';
import { newEvent, startPlayers } from './support/players.js';

const testServers = openTestServers();
let environment: Environment;

beforeAll(async () => {
  // A short ack wait, so that redelivery starts soon.
  environment = await openEnvironment(testServers, { ...(await testServers.database()), NATS_ACK_WAIT_SECONDS: '2' });
});

afterAll(() => testServers.release());

async function unacknowledged(): Promise<number> {
  return (await environment.jetstream.manager().consumers.info(EVENT_STREAM, LEDGER_CONSUMER)).num_ack_pending;
}

/** Blocks recording during `work`, so that the consumer holds unrecorded messages. */
async function whileRecordingIsHeldUp(work: () => Promise<void>): Promise<void> {
  const client = await environment.admin.database.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE ad_totals IN ACCESS EXCLUSIVE MODE');
    await work();
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

test('counts stay exact when the consumer is killed repeatedly under load while it holds messages', async () => {
  const players = startPlayers(environment);
  for (let round = 0; round < 2; round += 1) {
    await players.more(50);
    await environment.stack.consumer.kill();
    await environment.stack.consumer.start();
    await whileRecordingIsHeldUp(async () => {
      await players.more(50);
      await waitFor(async () => (await unacknowledged()) > 0, { timeoutMs: 20_000, what: 'messages to be pulled' });
      await environment.stack.consumer.kill();
    });
    await environment.stack.consumer.start();
  }
  await players.stop();
  expect(players.refusals).toEqual([]);
  // NATS and Postgres were available throughout, so players must not notice.
  expect([...players.outcomes.keys()]).toEqual([ACCEPTED]);
  await expectExact(environment);
});

test('after a kill of the consumer between commit and raise, the redelivery raises the counters', async () => {
  const event = newEvent('click', 'ad-003');
  environment.redis.pause();
  try {
    expect((await environment.send(event)).status).toBe(202);
    await waitFor(
      async () => (await environment.admin.database.query('SELECT FROM ad_events WHERE id = $1', [event.id])).rowCount,
      { timeoutMs: 20_000, intervalMs: 5, what: 'the row to be committed' },
    );
    await environment.stack.consumer.kill();
  } finally {
    environment.redis.resume();
  }
  await environment.stack.consumer.start();
  await expectExact(environment);
});

test('every acknowledged id is stored once when ingest is killed repeatedly under load', async () => {
  const players = startPlayers(environment);
  for (let round = 0; round < 3; round += 1) {
    await players.more(50);
    await environment.stack.ingest.kill();
    await environment.stack.ingest.start();
  }
  await players.more(50);
  await players.stop();
  expect(players.refusals).toEqual([]);
  await expectExact(environment);
});

test('counts are exact after ingest is killed under load while NATS is unavailable', async () => {
  await environment.nats.kill();
  const players = startPlayers(environment);
  await players.more(50);
  await environment.stack.ingest.kill();
  await environment.stack.ingest.start();
  await players.more(50);
  await environment.nats.start();
  await players.more(50);
  await players.stop();
  await expectExact(environment);
});

test('counts are exact after one of two consumers is killed', async () => {
  const second = await testServers.service({ name: 'consumer', env: environment.stack.env });
  const players = startPlayers(environment);
  await players.more(50);
  await second.kill();
  await players.more(50);
  await players.stop();
  await expectExact(environment);
});
