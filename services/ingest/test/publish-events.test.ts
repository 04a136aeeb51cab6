import { isNatsFailure } from '@ads/connections';
import { openTestServers } from '@ads/local';
import { decodeEvents, EVENT_SUBJECT } from '@ads/models';
import { type Span, withSpan } from '@ads/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, ErrorCode, type Msg, type NatsConnection } from 'nats';
import { createPublisher } from '../src/publish-events.js';
import { click } from './events.js';

const testServers = openTestServers();
afterAll(testServers.release);

const TIMEOUT_MS = 300;

const open = async (url: string | undefined, user?: string): Promise<NatsConnection> => {
  const connection = await connect({ servers: url ?? '', ...(user === undefined ? {} : { user, pass: 'secret' }) });
  testServers.onRelease(() => connection.close());
  return connection;
};

/** Publishes over the current connection, and keeps the outcome of each call. */
function publisherOf(connection: () => NatsConnection) {
  const statuses: string[] = [];
  const publish = createPublisher(
    (fn) => fn(connection()),
    TIMEOUT_MS,
    (status) => statuses.push(status),
  );
  const failure = (adId = 'ad-001') =>
    publish([click(adId)]).then(
      () => 'none',
      (error) => ({ code: error.code, apiError: error.api_error?.err_code, blamesNats: isNatsFailure(error) }),
    );
  return { publish, failure, statuses };
}

describe('a published batch', () => {
  let connection: NatsConnection;
  let url: string | undefined;
  beforeAll(async () => {
    url = (await testServers.nats()).env.NATS_URL;
    connection = await open(url);
  });

  /** Answers instead of JetStream during the test. */
  const answering = async (answer: (message: Msg) => void, test: () => Promise<void>) => {
    const subscription = connection.subscribe(EVENT_SUBJECT, { callback: (_error, message) => answer(message) });
    await connection.flush();
    try {
      await test();
    } finally {
      subscription.unsubscribe();
      await connection.flush();
    }
  };

  it('is refused at once when no stream has the subject', async () => {
    const { failure, statuses } = publisherOf(() => connection);
    expect(await failure()).toEqual({ code: ErrorCode.NoResponders, apiError: undefined, blamesNats: true });
    expect(statuses).toEqual(['error']);
  });

  it.each([
    ['nothing', undefined, { code: ErrorCode.Timeout, blamesNats: true }],
    ['no stream', '{"seq":1}', { code: ErrorCode.JetStreamInvalidAck, blamesNats: false }],
    ['a stream without a name', '{"stream":"","seq":1}', { code: ErrorCode.JetStreamInvalidAck, blamesNats: false }],
    ['null', 'null', { code: ErrorCode.JetStreamInvalidAck, blamesNats: false }],
    ['no JSON', 'no', { code: ErrorCode.BadJson, blamesNats: false }],
    [
      'an error',
      '{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}}',
      { code: '503', apiError: 10_077, blamesNats: true },
    ],
    [
      'an error that the message itself causes',
      '{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}}',
      { code: '400', apiError: 10_054, blamesNats: false },
    ],
  ])('is not durable if the answer is %s', async (_what, text, expected) => {
    const { failure } = publisherOf(() => connection);
    await answering(
      (message) => text !== undefined && message.respond(Buffer.from(text)),
      async () => expect(await failure()).toEqual({ apiError: undefined, ...expected }),
    );
  });

  it('gets its own acknowledgement, in any order', async () => {
    const { publish } = publisherOf(() => connection);
    const messages: Msg[] = [];
    const answerBackwards = (message: Msg) => {
      if (messages.push(message) < 3) return;
      for (const one of messages.reverse()) {
        const decoded = decodeEvents(one.data);
        const isGood = decoded.state === 'decoded' && decoded.events[0]?.adId !== 'ad-001';
        one.respond(Buffer.from(isGood ? '{"stream":"ADS","seq":1}' : '{"error":{"code":400,"description":"no"}}'));
      }
    };
    await answering(answerBackwards, async () => {
      const outcomes = await Promise.allSettled(['ad-001', 'ad-002', 'ad-003'].map((adId) => publish([click(adId)])));
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    });
  });

  it('has the header traceparent of a sampled request, and no header without one', async () => {
    const { publish } = publisherOf(() => connection);
    const headers: (string | undefined)[] = [];
    const span: Span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      traceparent: 'the context of a span',
      isOpen: () => true,
      begin: () => span,
      end: () => undefined,
    };
    const note = (message: Msg) => {
      headers.push(message.headers?.get('traceparent'));
      message.respond(Buffer.from('{"stream":"ADS","seq":1}'));
    };
    await answering(note, async () => {
      await publish([click('ad-001')]);
      await withSpan(span, () => publish([click('ad-001')]));
    });
    expect(headers).toEqual([undefined, span.traceparent]);
  });

  it('fails at once when the connection ends; the next one uses the new connection', async () => {
    let current = await open(url);
    const { failure, statuses } = publisherOf(() => current);
    await answering(
      (message) => void current.close().then(() => message.respond(Buffer.from('{"stream":"ADS","seq":1}'))),
      async () => expect(await failure()).toMatchObject({ code: ErrorCode.ConnectionClosed, blamesNats: true }),
    );
    expect(await failure()).toMatchObject({ code: ErrorCode.ConnectionClosed });
    current = await open(url);
    await (await current.jetstreamManager()).streams.add({ name: 'ADS', subjects: [EVENT_SUBJECT] });
    expect(await failure()).toBe('none');
    expect(statuses).toEqual(['error', 'error', 'ok']);
    expect((await (await current.jetstreamManager()).streams.info('ADS')).state.messages).toBe(1);
  });
});

it.each([
  ['publish', `publish: { deny: "${EVENT_SUBJECT}" }`],
  ['subscribe to answers', 'subscribe: { deny: "_INBOX.>" }'],
])('a publish fails at once, each time, if the user may not %s', async (_what, permissions) => {
  const settings = `authorization { users = [{ user: "ingest", password: "secret", permissions: { ${permissions} } }] }`;
  const connection = await open((await testServers.nats({ settings })).env.NATS_URL, 'ingest');
  const { failure } = publisherOf(() => connection);
  for (let turn = 0; turn < 2; turn += 1) {
    expect(await failure()).toMatchObject({ code: ErrorCode.PermissionsViolation, blamesNats: true });
  }
});
