import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENDPOINTS } from '@ads/contract/paths';
import { DEMO_ADS, DEMO_ADVERTISER } from './ads.js';
import { type DemoEvent, watch } from './viewer.js';

const HOUR_MS = 3_600_000;
const DAYS = 7;
/** The greatest batch of the API. */
const BATCH = 500;
const LIVE_MS = 1_000;
/** The share of seconds in which a live viewer begins, so that the page moves. */
const LIVE_RATE = 0.8;

/** Where the demo sends its ads and events. */
export interface DemoTarget {
  /** The address of ingest. */
  readonly url: string;
  /** The key of requests that need one. */
  readonly key: string | undefined;
  /** The folder of the data, which remembers that the history was made. */
  readonly folder: string;
  /** `MAX_EVENT_AGE_DAYS`; undefined if every age is accepted. */
  readonly maxAgeDays: number | undefined;
}

const MARK = 'history-made';

/** Deletes the data of a demo whose history is not complete: its events would be reported again, with other ids. */
export function deleteHalfDemo(folder: string): void {
  if (!existsSync(join(folder, MARK))) rmSync(folder, { recursive: true, force: true });
}

/**
 * Registers the ads and reports a week of their viewers through the API, so that every count is made as usual. Does nothing if an
 * earlier start has done it.
 * @param onProgress called with the number of reported events
 * @throws Error with the answer of the API
 */
export async function makeHistory(target: DemoTarget, onProgress: (events: number) => void): Promise<void> {
  const done = join(target.folder, MARK);
  if (existsSync(done)) return;
  for (const { id, title, campaign, durationSeconds } of DEMO_ADS) {
    const ad = { id, title, campaign, advertiser: DEMO_ADVERTISER, duration_seconds: durationSeconds };
    await send(target, ENDPOINTS.createAd.path, { ...ad, target_url: `https://example.com/${id}` }, [201, 409]);
  }
  const events = historyEvents(Date.now(), Math.min(DAYS, target.maxAgeDays ?? DAYS));
  for (let first = 0; first < events.length; first += BATCH) {
    await report(target, events.slice(first, first + BATCH));
    onProgress(Math.min(first + BATCH, events.length));
  }
  writeFileSync(done, '');
}

/** Reports viewers that watch now, until the signal is aborted. An event that is refused is left out. */
export function openLiveViewers(target: DemoTarget, signal: AbortSignal): void {
  const later: DemoEvent[] = [];
  const timer = setInterval(() => {
    for (const ad of DEMO_ADS) if (Math.random() < LIVE_RATE / DEMO_ADS.length) later.push(...watch(ad, Date.now()));
    const now = new Date().toISOString();
    const due = later.filter(({ timestamp }) => timestamp <= now);
    later.splice(0, later.length, ...later.filter(({ timestamp }) => timestamp > now));
    if (due.length > 0) report(target, due).catch(() => undefined);
  }, LIVE_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** @param now milliseconds since the epoch. The history ends some minutes before it */
function historyEvents(now: number, days: number): DemoEvent[] {
  const hours = Array.from({ length: days * 24 - 1 }, (_, hour) => now - (hour + 1) * HOUR_MS);
  return hours.flatMap((hour) =>
    DEMO_ADS.flatMap((ad) => {
      // Few people watch at night.
      const share = 0.55 - 0.45 * Math.cos((new Date(hour).getHours() / 24) * 2 * Math.PI);
      const viewers = Math.round(ad.viewersPerHour * share * (0.8 + 0.4 * Math.random()));
      return Array.from({ length: viewers }, () => watch(ad, hour + Math.random() * 0.95 * HOUR_MS)).flat();
    }),
  );
}

async function report(target: DemoTarget, events: readonly DemoEvent[]): Promise<void> {
  await send(target, ENDPOINTS.events.path, { events }, [202]);
}

async function send({ url, key }: DemoTarget, path: string, body: object, expected: readonly number[]): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!expected.includes(response.status))
    throw new Error(`The demo was refused (${path}): ${response.status} ${text.slice(0, 300)}`);
}
