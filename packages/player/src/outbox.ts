import { type Result, resultsOf } from './batch-answer.js';
import { openStore, type PlayerEvent, type Waiting } from './store.js';
import { uuidv7, withTime } from './uuid.js';

/** Events of one request: below the 64 KB of a beacon, even with the longest ids and labels. */
const MOST_IN_REQUEST = 50;
/** Characters of the body of a request that continues when the page closes. */
const MOST_WHEN_CLOSING = 60_000;
const SECOND = 1_000;
const DAY = 86_400_000;
const REQUEST_TIMEOUT = 15 * SECOND;
/** A page that the system has suspended may hold the lock. */
const LOCK_TIMEOUT = 30 * SECOND;
/** The longest wait, even if `Retry-After` asks for more. */
const LONGEST_WAIT = 600 * SECOND;
/** The age up to which the time of receipt is good enough as the time of an event. */
const YOUNG = 10 * SECOND;
/** 1 November 2026, before the first release: a clock that shows an earlier time is wrong. */
const RELEASED = 1_793_500_000_000;

/** Sends events until each of them is counted or refused. */
export interface Outbox {
  add(kind: string, fields: PlayerEvent): void;
  /** Sends the waiting events now, unless the server has asked to wait. */
  retry(): void;
  /** Sends the events of this page that no request carries, by beacons. */
  leave(): void;
}

/**
 * Opens the queue of the events for one server. All pages of an origin share it; a lock lets one of them send at a time.
 *
 * An event leaves the queue when the server has counted it or refused it. After any other answer, and without one, it is sent
 * again with the same id, after a backoff with jitter or after `Retry-After`. A beacon has no answer, so its events stay in the
 * queue, and the next page sends them again.
 *
 * All times are corrected by the clock of the server, which each answer tells. Before the first answer, events are sent without a
 * time, and the server takes the time of receipt; events that have waited stay in the queue, unless there are no others: then the
 * newest one fetches the answer. Where the clock of the device is wrong, an event that is refused gets an id of the right time
 * once. That counts nothing twice, because a refused id has not been counted.
 *
 * @param url takes batches of events
 */
export function openOutbox(url: string): Outbox {
  const store = openStore(`amt ${url} `);
  /** The clock of the server minus that of the device, in milliseconds; undefined until the first answer. */
  let offset: number | undefined;
  let size = MOST_IN_REQUEST;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** True while the server has asked to wait. */
  let isHeld = false;
  let isSending = false;
  let isWanted = false;
  /** Keys of the events of this page that no beacon has carried. */
  const own = new Set<string>();
  /** Keys of the events in a request that continues when the page closes. */
  let carried: readonly string[] = [];

  const correct = (time: number) => time + (offset || 0);
  const isYoung = ({ at }: Waiting) => Math.abs(Date.now() - at) < YOUNG;

  function nextBatch(): Waiting[] {
    const all = store.list();
    const first = offset === undefined ? all.filter(isYoung) : all;
    return first.length > 0 ? first.slice(0, size) : all.slice(-1);
  }

  function bodyOf(batch: readonly Waiting[]): string {
    const events = batch.map((waiting) => {
      const { event, at } = waiting;
      const isTimed = offset !== undefined || (!isYoung(waiting) && at > RELEASED);
      return isTimed ? { ...event, timestamp: new Date(correct(at)).toISOString() } : event;
    });
    return JSON.stringify({ events });
  }

  /** Sends the next events. @returns true if there may be more to send now. Never rejects. */
  async function sendBatch(): Promise<boolean> {
    const batch = nextBatch();
    if (batch.length === 0) return false;
    const askedAt = Date.now();
    let retryAfter = 0;
    try {
      const body = bodyOf(batch);
      const keepalive = body.length < MOST_WHEN_CLOSING;
      // Firefox before version 133 has no such requests.
      if (keepalive && 'keepalive' in Request.prototype) carried = batch.map(({ key }) => key);
      // A body that is a text needs no preflight.
      const answer = await fetch(url, { method: 'POST', body, keepalive, signal: signalAfter(REQUEST_TIMEOUT) });
      const { status, headers } = answer;
      retryAfter = Number(headers.get('Retry-After')) * SECOND || 0;
      const results = resultsOf(status, await answer.json(), batch);
      learnTime(Date.parse(headers.get('Date') as string), askedAt);
      if (results === undefined) size = batch.length >> 1;
      // Settles all of them, also those after one that must be sent again.
      else if (results.map((result, index) => settle(batch[index] as Waiting, result)).includes(false)) throw status;
      else {
        failures = 0;
        size = MOST_IN_REQUEST;
      }
      return true;
    } catch {
      wait(retryAfter);
      return false;
    } finally {
      carried = [];
    }
  }

  /** @param time of the server in whole seconds, rounded down; NaN if it is not known */
  function learnTime(time: number, askedAt: number): void {
    const least = time - Date.now();
    const most = time + SECOND - askedAt;
    offset = Math.max(0, least) + Math.min(0, most) || 0;
  }

  /** @returns false if the event must be sent again later */
  function settle(waiting: Waiting, { status, error }: Result): boolean {
    const { key, event, isRenewed } = waiting;
    if (error === 'unavailable') return false;
    if (status !== 'accepted' && offset !== 0 && isRenewed === undefined) {
      // Another tab may renew it as well, before it sees this entry. Both must make the same id, so it has the time of the day.
      const today = Math.floor(correct(Date.now()) / DAY) * DAY;
      store.put({ ...waiting, event: withId(event, withTime(key, today)), isRenewed: true });
    } else store.remove(key);
    return true;
  }

  /** @param retryAfter milliseconds; 0 if the server does not ask to wait */
  function wait(retryAfter: number): void {
    const least = Math.min(LONGEST_WAIT, Math.max(2 ** failures * SECOND, retryAfter));
    failures += 1;
    isHeld = retryAfter > 0;
    timer = setTimeout(resume, least * (1 + Math.random() / 2));
  }

  function resume(): void {
    clearTimeout(timer);
    timer = undefined;
    isHeld = false;
    void flush();
  }

  /** Sends all events, one batch after the other, unless a wait has to end first. */
  async function flush(): Promise<void> {
    isWanted = true;
    if (isSending) return;
    isSending = true;
    // Events of the same moment go together.
    await undefined;
    while (isWanted && timer === undefined) {
      isWanted = false;
      if (await alone(url, sendBatch)) isWanted = true;
    }
    isSending = false;
  }

  void flush();
  return {
    add(kind, fields) {
      const key = uuidv7(correct(Date.now()));
      own.add(key);
      store.put({ key, event: withId({ kind, ...fields }, key), at: Date.now() });
      void flush();
    },
    retry() {
      if (!isHeld) resume();
    },
    leave() {
      if (isHeld || !navigator.onLine) return;
      const batch = store.list().filter(({ key }) => own.has(key) && !carried.includes(key));
      while (batch.length > 0) navigator.sendBeacon(url, bodyOf(batch.splice(0, MOST_IN_REQUEST)));
      // A hidden page that is closed does not send them again.
      own.clear();
    },
  };
}

function withId(event: PlayerEvent, id: string): PlayerEvent {
  const { kind } = event;
  return { ...event, [kind === 'click' || kind === 'impression' ? `${kind}_id` : 'event_id']: id };
}

function signalAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return controller.signal;
}

/** Runs the work while no other page of the origin does. Pages without locks (http) do not wait: each id counts once. */
function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { locks } = navigator;
  // The request rejects only if the lock cannot be acquired.
  return locks ? locks.request(name, { signal: signalAfter(LOCK_TIMEOUT) }, work).catch(work) : work();
}
