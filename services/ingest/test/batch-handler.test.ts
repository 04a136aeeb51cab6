import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { rateLimited } from '@ads/contract';
import { ANYONE, type Answer } from '@ads/http';
import { type AdEvent, KINDS, uuidv7 } from '@ads/models';
import { expect, test } from '@jest/globals';
import { batchHandler } from '../src/batch-handler.js';
import type { StoreResult } from '../src/store-batch.js';

const NOW = Date.UTC(2026, 0, 2);
const DATE = 'Fri, 02 Jan 2026 00:00:00 GMT';

function setUp(store: (event: AdEvent) => Promise<StoreResult>, limit = Number.POSITIVE_INFINITY) {
  const accepted: AdEvent[] = [];
  const refused: string[] = [];
  const dependencies: Parameters<typeof batchHandler>[1] = {
    catalogue: { has: (adId) => adId === 'ad-001', find: async () => 'unknown' },
    unverified: { allow: () => true, retryAfter: () => 1 },
    store,
    storeAll: (events) => Promise.allSettled(events.map(store)),
    onAccepted: (event) => accepted.push(event),
    onEventRefused: ({ code }) => refused.push(code),
    judge: undefined,
    maxClockSkew: 0,
    maxAge: 86_400_000,
    maxIdAge: Number.POSITIVE_INFINITY,
    now: () => NOW,
  };
  let charged = 0;
  const context = {
    request: new IncomingMessage(new Socket()),
    caller: ANYONE,
    clientAddress: () => '192.0.2.1',
    isStitcher: () => false,
    clientKey: () => '',
    charge: (requests: number) => {
      charged += requests;
      if (charged > limit) throw rateLimited(limit, '');
    },
  };
  const handler = batchHandler(500, dependencies);
  return {
    accepted,
    refused,
    charged: () => charged,
    /** The parsed body of the answer. */
    send: async (events: readonly unknown[], bytes = 100) => {
      const { status, body, headers } = (await handler(context, { value: { events }, bytes })) as Answer;
      expect(headers).toEqual(['Date', DATE]);
      return { status, ...JSON.parse(String(body)) };
    },
  };
}

const durable = async (): Promise<StoreResult> => ({ state: 'durable', by: 'jetstream' });
const click = (more: object = {}) => ({ kind: 'click', ad_id: 'ad-001', click_id: uuidv7(NOW), ...more });

test('each event has its own result, in order, and bad events do not affect the others', async () => {
  const { send, accepted } = setUp(durable);
  const good = click({ placement: 'top' });
  const events = [
    good,
    'text',
    click({ ad_id: 'gone' }),
    click({ timestamp: '2025-01-01T00:00:00Z' }),
    { kind: 'error', ad_id: 'ad-001', error_code: 402 },
  ];
  expect(await send(events)).toEqual({
    status: 202,
    accepted: 2,
    rejected: 3,
    results: [
      { status: 'accepted', kind: 'click', click_id: good.click_id, ad_id: 'ad-001', timestamp: expect.any(String) },
      expect.objectContaining({ status: 'rejected', error: 'invalid_request' }),
      expect.objectContaining({ status: 'rejected', error: 'unknown_ad' }),
      expect.objectContaining({ status: 'rejected', error: 'event_too_old' }),
      expect.objectContaining({ status: 'accepted', kind: 'error', event_id: expect.any(String) }),
    ],
  });
  expect(accepted.map(({ labels }) => labels)).toEqual([{ placement: 'top' }, { error_code: '402' }]);
});

test('no event is valid: 400, with the time by which players correct their clocks', async () => {
  const { send } = setUp(durable);
  await expect(send([click({ click_id: uuidv7(NOW + 100 * 86_400_000) }), {}])).rejects.toMatchObject({
    status: 400,
    details: [
      expect.objectContaining({ path: 'events.0.click_id' }),
      expect.objectContaining({ path: 'events.1.kind' }),
    ],
    headers: { Date: DATE },
  });
});

test('every kind is accepted with its id', async () => {
  const { send } = setUp(durable);
  const { results } = await send(KINDS.map((kind) => ({ kind, ad_id: 'ad-001', event_id: uuidv7(NOW) })));
  expect(results.map(({ status, kind }: Record<string, string>) => [status, kind])).toEqual(
    KINDS.map((kind) => ['accepted', kind]),
  );
});

test('some events not durable: they are rejected as unavailable; none durable: 503', async () => {
  let left = 1;
  const { send, accepted } = setUp(async () => {
    left -= 1;
    return left < 0 ? { state: 'unavailable', cause: new Error('down') } : await durable();
  });
  expect(await send([click(), click()])).toMatchObject({
    accepted: 1,
    results: [{ status: 'accepted' }, { status: 'rejected', error: 'unavailable' }],
  });
  await expect(send([click(), { kind: 'x' }])).rejects.toMatchObject({ status: 503 });
  expect(accepted).toHaveLength(1);
});

test('a batch counts as its events, or as its size if that is more, and is refused as a whole above the limit', async () => {
  const { send, charged, accepted } = setUp(durable, 600);
  await send(Array.from({ length: 500 }, () => click()));
  expect(charged()).toBe(499);
  await send([click()], 2_048 * 100);
  expect(charged()).toBe(598);
  await expect(send([click(), click(), click(), click()])).rejects.toMatchObject({ status: 429 });
  expect(accepted).toHaveLength(501);
});

test.each([[undefined], [[]], [{}], [Array.from({ length: 501 }, () => click())]])(
  'a body that is not a batch of 1 to 500 events is refused: %#',
  async (events) => {
    const { send } = setUp(durable);
    await expect(send(events as never)).rejects.toMatchObject({
      status: 400,
      details: [{ path: 'events', message: 'events must be an array of 1 to 500 events' }],
    });
  },
);
