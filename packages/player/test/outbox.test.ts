import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { openOutbox } from '../src/outbox.js';

/** An event as the server receives it. */
interface Received {
  readonly kind: string;
  readonly event_id: string;
  readonly timestamp?: string;
}

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

type Respond = (events: readonly Received[]) => Answer | 'no answer';

let server: Server;
let url: string;
/** The events of each request. */
let requests: (readonly Received[])[];
/** One for each request; the last one also for all further ones. */
let responses: Respond[];
/** Milliseconds of each wait before a further attempt. */
let waits: number[];

/** This is shorter than the limits of time of a request and of the lock. */
const LONGEST_WAIT_HERE = 14_000;
const TEN_YEARS = 10 * 365 * 86_400_000;

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const { events } = JSON.parse(text) as { events: readonly Received[] };
      requests.push(events);
      const respond = responses.length > 1 ? responses.shift() : responses[0];
      const answer = respond?.(events) ?? 'no answer';
      if (answer === 'no answer') return request.socket.destroy();
      response.writeHead(answer.status, answer.headers).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

beforeEach(() => {
  [requests, responses, waits] = [[], [accept], []];
  // Outboxes for one address would share their lock.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${expect.getState().currentTestName?.length}`;
  // Node 20 has no navigator.
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: true }, configurable: true });
  const { setTimeout } = globalThis;
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((work: () => void, ms = 0) => {
    const isWait = ms >= 1_000 && ms <= LONGEST_WAIT_HERE;
    if (isWait) waits.push(ms);
    const timer = setTimeout(work, isWait ? ms / 100 : ms);
    // The limits of time do not hold up the end of the tests.
    if (ms > LONGEST_WAIT_HERE) timer.unref();
    return timer;
  }) as typeof globalThis.setTimeout);
});

afterEach(() => {
  jest.restoreAllMocks();
});

const accept: Respond = (events) => answerWith(events.map(() => ({ status: 'accepted' })));
const refuse = (error: string) => ({ status: 'rejected', error });

function answerWith(results: readonly object[], headers: Record<string, string> = {}): Answer {
  return { status: 202, headers, body: { results } };
}

const idsOf = (events: readonly Received[] = []) => events.map(({ event_id }) => event_id);

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

test('events are sent with the same ids until they are counted, after a backoff or Retry-After', async () => {
  responses = [
    () => 'no answer',
    () => ({ status: 503, body: {}, headers: { 'Retry-After': '7' } }),
    () => ({ status: 502, body: [] }),
    () => answerWith([{ status: 'accepted' }, refuse('unavailable')]),
    accept,
  ];
  const outbox = openOutbox(url);
  for (const kind of ['start', 'midpoint']) outbox.add(kind, { ad_id: 'ad-001' });
  await until(() => requests.length === 5);
  const [first, ...others] = requests.map(idsOf);
  expect(first).toHaveLength(2);
  expect(others).toEqual([first, first, first, first?.slice(1)]);
  const least = [1_000, 7_000, 4_000, 8_000];
  expect(waits.map((ms, index) => ms >= (least[index] ?? 0) && ms <= 1.5 * (least[index] ?? 0))).toEqual(
    least.map(() => true),
  );
});

test('an event that is refused is not sent again, and does not affect the others', async () => {
  responses = [
    () => answerWith([refuse('unknown_ad'), { status: 'accepted' }]),
    () => ({ status: 400, body: { details: [{ path: 'events.0.ad_id' }] } }),
    accept,
  ];
  const outbox = openOutbox(url);
  for (const [index, kind] of ['start', 'midpoint', 'pause', 'resume'].entries()) {
    outbox.add(kind, {});
    if (index > 0) await until(() => requests.length === index);
  }
  const kinds = requests.map((events) => events.map(({ kind }) => kind).sort());
  expect(kinds).toEqual([['midpoint', 'start'], ['pause'], ['resume']]);
  expect(waits).toEqual([]);
});

test('a batch that is too large for the server is sent in parts', async () => {
  const limited: Respond = (events) =>
    events.length > 3 ? { status: 400, body: { details: [{ path: 'events' }] } } : accept(events);
  responses = [() => ({ status: 413, body: {} }), limited];
  const outbox = openOutbox(url);
  for (let count = 0; count < 10; count += 1) outbox.add('start', {});
  const accepted = () => requests.slice(1).filter(({ length }) => length <= 3);
  await until(() => accepted().flat().length === 10);
  expect(new Set(idsOf(accepted().flat()))).toEqual(new Set(idsOf(requests[0])));
});

test.each([
  ['ahead', TEN_YEARS],
  ['behind', -TEN_YEARS],
])('an event counts once at the right time if the clock of the device is ten years %s', async (_name, shift) => {
  const realNow = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + shift);
  const date = () => ({ Date: new Date(realNow()).toUTCString() });
  const timeOf = (id = '') => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  responses = [
    (events) => ({
      status: 400,
      headers: date(),
      body: { details: events.map((_, index) => ({ path: `events.${index}.event_id` })) },
    }),
    () => answerWith([refuse('invalid_request'), { status: 'accepted' }], date()),
    (events) =>
      answerWith(
        events.map(() => ({ status: 'accepted' })),
        date(),
      ),
  ];
  const outbox = openOutbox(url);
  outbox.add('start', {});
  outbox.add('midpoint', {});
  await until(() => requests.length === 2);
  outbox.add('complete', {});
  await until(() => requests.length === 3);
  const [first = [], second = [], third = []] = requests;
  // Before the first answer, the server takes the time of receipt.
  expect(first.map(({ timestamp }) => timestamp)).toEqual([undefined, undefined]);
  expect(second.map(({ kind }) => kind).sort()).toEqual(['midpoint', 'start']);
  // An event that is refused again is not sent a third time.
  expect(third.map(({ kind }) => kind)).toEqual(['complete']);
  // Two tabs that replace the same id make the same one: the rest of it stays, and its time is that of the day.
  expect(idsOf(second).map((id) => id.slice(13))).toEqual(idsOf(first).map((id) => id.slice(13)));
  for (const { event_id } of second) expect(realNow() - timeOf(event_id)).toBeLessThan(86_460_000);
  expect(idsOf(second).every((id) => timeOf(id) % 86_400_000 === 0)).toBe(true);
  expect(Math.abs(timeOf(third[0]?.event_id) - realNow())).toBeLessThan(60_000);
  for (const { timestamp = '' } of [...second, ...third]) {
    expect(Math.abs(Date.parse(timestamp) - realNow())).toBeLessThan(60_000);
  }
});
