import { connect, type Socket } from 'node:net';
import { ADS_PAGE } from '@ads/contract';
import type { LimitsStack } from './stack.js';

/** The response times of one kind of request, in milliseconds. */
export interface Times {
  readonly what: string;
  readonly milliseconds: number[];
}

const TIMEFRAMES = [undefined, '1m', '1h', '24h'] as const;
const ADS_ASKED = 50;
const LIST_PAGES = 20;
/** The number of pages to read: together they have more ads than one cached ranking. */
const BUSIEST_PAGES = 15;
const BUSIEST_PAGE = 500;
/** The number of requests of a slow reader: their responses do not fit into the socket buffers. */
const ANSWERS_UNREAD = 200;

interface Page {
  readonly count: number;
  readonly next_cursor: string | null;
}

/** Sends a GET request and adds its response time to `times`. @throws Error if the status is not 200 */
async function ask<T>(times: Times, port: number | undefined, path: string): Promise<T> {
  const since = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1${path}`);
  const text = await answer.text();
  times.milliseconds.push(performance.now() - since);
  if (answer.status !== 200) throw new Error(`GET ${path} returned ${answer.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** Requests single ads and the pages of the busiest ads. @throws Error if an answer is not 200 */
export async function askAnalytics(stack: LimitsStack): Promise<Times[]> {
  const [port] = stack.portsOf('analytics');
  const { adIds } = stack;
  const one: Times = { what: 'analytics of one ad', milliseconds: [] };
  for (let i = 0; i < ADS_ASKED; i += 1) {
    const adId = adIds[Math.floor((i * adIds.length) / ADS_ASKED)] ?? '';
    await ask(one, port, `/ads/analytics?ad_id=${adId}`);
  }
  const all = [one];
  for (const timeframe of TIMEFRAMES) {
    const query = `limit=${BUSIEST_PAGE}${timeframe === undefined ? '' : `&timeframe=${timeframe}`}`;
    const [first, later]: [Times, Times] = [
      { what: `busiest ads, ${timeframe ?? 'all time'}, first page`, milliseconds: [] },
      { what: `busiest ads, ${timeframe ?? 'all time'}, later pages`, milliseconds: [] },
    ];
    let { next_cursor: cursor } = await ask<Page>(first, port, `/ads/analytics?${query}`);
    for (let page = 1; page < BUSIEST_PAGES; page += 1) {
      if (cursor === null) throw new Error(`the ranking of the busiest ads has only ${page} pages`);
      ({ next_cursor: cursor } = await ask<Page>(later, port, `/ads/analytics?${query}&cursor=${cursor}`));
    }
    all.push(first, later);
  }
  return all;
}

/** Requests the pages of `GET /api/v1/ads` in order. @throws Error if an answer is not 200, or a page is not full */
export async function askForList(port: number | undefined): Promise<Times> {
  const times: Times = { what: 'a page of 1,000 ads', milliseconds: [] };
  for (let page = 0, cursor = ''; page < LIST_PAGES; page += 1) {
    const answer = await ask<Page>(times, port, `/ads${cursor === '' ? '' : `?cursor=${cursor}`}`);
    if (answer.count !== ADS_PAGE || answer.next_cursor === null)
      throw new Error(`a page is not full: ${answer.count} ads`);
    cursor = answer.next_cursor;
  }
  return times;
}

/** Clients that request the list repeatedly on one connection and read no answer. */
export function openSlowReaders(port: number, count: number): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write('GET /api/v1/ads HTTP/1.1\r\nHost: tracker\r\n\r\n'.repeat(ANSWERS_UNREAD));
    return socket;
  });
}
