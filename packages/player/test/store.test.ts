import { afterEach, expect, test } from '@jest/globals';
import { openStore } from '../src/store.js';

/** Sets the localStorage of a page. @param room the number of entries that it takes */
function setStorage(room: number): Record<string, string> {
  const entries: Record<string, string> = {};
  // The methods are not among the keys, as in browsers.
  const methods = {
    getItem: (name: string) => entries[name] ?? null,
    removeItem: (name: string) => delete entries[name],
    setItem(name: string, text: string) {
      if (!(name in entries) && Object.keys(entries).length >= room) throw new Error('QuotaExceededError');
      entries[name] = text;
    },
  };
  const storage = Object.setPrototypeOf(entries, methods);
  Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true });
  return entries;
}

afterEach(() => {
  Object.defineProperty(globalThis, 'localStorage', { value: undefined, configurable: true });
});

const eventAt = (at: number) => ({ key: `key-${String(at).padStart(3, '0')}`, event: { kind: 'start' }, at });
const timesOf = (store: ReturnType<typeof openStore>) => store.list().map(({ at }) => at);

test.each([
  ['localStorage has room', 1_000],
  ['localStorage is full', 2],
  ['localStorage takes nothing', 0],
])('events are kept up to a limit, and the oldest is replaced: %s', (_name, room) => {
  setStorage(room);
  const store = openStore('p ');
  for (let at = 0; at < 502; at += 1) store.put(eventAt(at));
  expect(timesOf(store)).toEqual(Array.from({ length: 500 }, (_, index) => index + 2));
});

test('an event with a new id replaces itself, also where localStorage takes no more', () => {
  const entries = setStorage(2);
  const store = openStore('p ');
  for (const at of [1, 2, 3]) store.put(eventAt(at));
  expect(Object.keys(entries)).toHaveLength(2);
  Object.getPrototypeOf(entries).setItem = () => {
    throw new Error('QuotaExceededError');
  };
  for (const at of [1, 2, 3]) store.put({ ...eventAt(at), isRenewed: true });
  expect(store.list().map(({ at, isRenewed }) => [at, isRenewed])).toEqual([1, 2, 3].map((at) => [at, true]));
  for (const at of [1, 2, 3]) store.remove(eventAt(at).key);
  expect([store.list(), entries]).toEqual([[], {}]);
});

test('pages share events; damaged entries and those of others are left alone', () => {
  const entries = setStorage(10);
  Object.assign(entries, { 'p damaged': '{', 'p null': 'null', 'p late': '{"at":1e300}', 'q other': '{"at":1}' });
  openStore('p ').put(eventAt(1));
  expect(timesOf(openStore('p '))).toEqual([1]);
  expect(Object.keys(entries)).toHaveLength(5);
});
