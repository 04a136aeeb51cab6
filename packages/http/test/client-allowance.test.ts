import { expect, test } from '@jest/globals';
import { createAllowance } from '../src/client-allowance.js';

const SOCKET = { remoteAddress: '192.0.2.99' };

/** How many of the requests of a client are taken, until one is refused. */
function takenOf(allowance: ReturnType<typeof createAllowance>, client: string): number {
  for (let taken = 0; ; taken += 1) {
    try {
      allowance(client, SOCKET);
    } catch {
      return taken;
    }
  }
}

test('a window begins with the first request of a client, and another when it is over', () => {
  let time = 1_000_000;
  const allowance = createAllowance('events', 3, { now: () => time });
  expect(takenOf(allowance, '192.0.2.1')).toBe(3);
  time += 30_000;
  expect(takenOf(allowance, '192.0.2.2')).toBe(3);
  time += 29_999;
  expect(takenOf(allowance, '192.0.2.1')).toBe(0);
  time += 1;
  expect(takenOf(allowance, '192.0.2.1')).toBe(3);
  expect(takenOf(allowance, '192.0.2.2')).toBe(0);
  time += 30_000;
  expect(takenOf(allowance, '192.0.2.2')).toBe(3);
});

test('who comes again and again is counted, however many strangers come meanwhile', () => {
  const allowance = createAllowance('events', 50, { mostClients: 100 });
  for (let visit = 0; visit < 50; visit += 1) {
    allowance('192.0.2.1', SOCKET);
    for (let stranger = 0; stranger < 49; stranger += 1) allowance(`10.0.${visit}.${stranger}`, SOCKET);
  }
  expect(takenOf(allowance, '192.0.2.1')).toBe(0);
});

test('of more strangers than it may hold it forgets the first', () => {
  const allowance = createAllowance('events', 1, { mostClients: 100 });
  expect(takenOf(allowance, '192.0.2.1')).toBe(1);
  for (let stranger = 0; stranger < 100; stranger += 1) allowance(`10.0.0.${stranger}`, SOCKET);
  expect(takenOf(allowance, '192.0.2.1')).toBe(1);
});

test('a window is of sixty seconds by any clock', () => {
  const allowance = createAllowance('events', 1_000);
  for (let client = 0; client < 1_000; client += 1) {
    expect(allowance(`10.0.${client >> 8}.${client & 255}`, SOCKET)).toContain('"events"; r=999; t=60');
  }
});
