import { openTestServers } from '@ads/local';
import { DEAD_LETTER_STREAM, DEAD_LETTER_SUBJECT, EVENT_STREAM } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from 'nats';
import { ensureLedgerConsumer } from '../src/ledger-consumer.js';
import { openQueue } from './servers.js';

const testServers = openTestServers();
let connection: NatsConnection;
beforeAll(async () => {
  connection = await openQueue(testServers, (await testServers.nats()).env);
});
afterAll(testServers.release);

/** JetStream: the message could not be stored. */
const STORE_FAILED = 10_077;

const infoOf = async (stream: string) => await (await connection.jetstreamManager()).streams.info(stream);

describe('the streams', () => {
  it('have the configured sizes, and refuse new messages when they are full', async () => {
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: 9_000_000, deadLettersMaxBytes: 1_000_000 }, 60);
    expect((await infoOf(EVENT_STREAM)).config).toMatchObject({ max_bytes: 9_000_000, discard: 'new' });
    expect((await infoOf(DEAD_LETTER_STREAM)).config).toMatchObject({ max_bytes: 1_000_000, discard: 'new' });
  });

  it('keep all dead letters if the limit is lowered below their size', async () => {
    const jetstream = connection.jetstream();
    for (let count = 0; count < 9; count += 1) await jetstream.publish(DEAD_LETTER_SUBJECT, new Uint8Array(100_000));
    await ensureLedgerConsumer(connection, { replicas: 1, maxBytes: 9_000_000, deadLettersMaxBytes: 500_000 }, 60);
    const { config, state } = await infoOf(DEAD_LETTER_STREAM);
    expect([config.max_bytes, state.messages]).toEqual([500_000, 9]);
    await expect(jetstream.publish(DEAD_LETTER_SUBJECT, new Uint8Array(1))).rejects.toMatchObject({
      api_error: { err_code: STORE_FAILED, description: 'maximum bytes exceeded' },
    });
  });
});
