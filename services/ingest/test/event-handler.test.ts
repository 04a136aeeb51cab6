import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ANYONE } from '@ads/http';
import { uuidv7 } from '@ads/models';
import { expect, test } from '@jest/globals';
import { eventAges } from '../src/event-ages.js';
import { eventHandler } from '../src/event-handler.js';
import { Refused } from '../src/group-commit.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('the body of an event is released while the event waits to be durable', async () => {
  const handler = eventHandler('click', {
    catalogue: { has: () => true, find: async () => 'known' },
    unverified: { allow: () => true, retryAfter: () => 1 },
    store: () => new Promise(() => undefined),
    onAccepted: () => undefined,
    judge: (event) => event,
    maxClockSkew: 0,
    ...eventAges({}),
    now: Date.now,
  });
  const request = new IncomingMessage(new Socket());
  const answers: unknown[] = [];
  const send = () => {
    const body = { ad_id: 'ad-001', more: { large: true } };
    answers.push(
      handler(
        {
          request,
          caller: ANYONE,
          clientAddress: () => '192.0.2.1',
          isStitcher: () => false,
          clientKey: () => '192.0.2.1',
          charge: () => undefined,
        },
        body,
      ),
    );
    return new WeakRef(body.more);
  };
  const more = send();
  // The target of a new WeakRef is kept until the end of this turn.
  await new Promise(setImmediate);
  collectGarbage();
  expect(more.deref()).toBeUndefined();
  expect(answers).toHaveLength(1);
});

test('an event that is older than allowed is refused with event_too_old, and the limit is named', () => {
  const handler = eventHandler('click', {
    catalogue: { has: () => true, find: async () => 'known' },
    unverified: { allow: () => true, retryAfter: () => 1 },
    store: () => Promise.reject(new Error('not reached')),
    onAccepted: () => undefined,
    judge: (event) => event,
    maxClockSkew: 0,
    ...eventAges({ EVENT_RETENTION_DAYS: 7 }),
    now: () => Date.UTC(2026, 0, 8, 0, 0, 0, 1),
  });
  const context = {
    request: new IncomingMessage(new Socket()),
    caller: ANYONE,
    clientAddress: () => '192.0.2.1',
    isStitcher: () => false,
    clientKey: () => '',
    charge: () => undefined,
  };
  const body = { ad_id: 'ad-001', timestamp: '2026-01-01T00:00:00Z', click_id: uuidv7(Date.UTC(2026, 0, 1)) };
  expect(() => handler(context, body)).toThrow(
    expect.objectContaining({
      status: 400,
      code: 'event_too_old',
      details: [
        { path: 'timestamp', message: 'timestamp must not be more than 7 days ago' },
        { path: 'click_id', message: 'click_id is a UUIDv7 from more than 7 days ago; ids are remembered for 7 days' },
      ],
    }),
  );
});

test('an event that waits too long or finds a full queue is refused without a cause: that is no failure', async () => {
  const handler = eventHandler('click', {
    catalogue: { has: () => true, find: async () => 'known' },
    unverified: { allow: () => true, retryAfter: () => 1 },
    store: () => Promise.reject(new Refused('too many items wait to be written')),
    onAccepted: () => undefined,
    judge: (event) => event,
    maxClockSkew: 0,
    ...eventAges({}),
    now: Date.now,
  });
  const context = {
    request: new IncomingMessage(new Socket()),
    caller: ANYONE,
    clientAddress: () => '192.0.2.1',
    isStitcher: () => false,
    clientKey: () => '',
    charge: () => undefined,
  };
  const error: unknown = await Promise.resolve(handler(context, { ad_id: 'ad-001' })).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ status: 503, message: expect.stringContaining('Too many events wait') });
  expect(error).not.toHaveProperty('cause');
});
