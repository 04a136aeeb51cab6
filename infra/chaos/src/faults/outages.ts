import { setTimeout as sleep } from 'node:timers/promises';
import type { Dependency, DependencyName } from '../stack/dependency.js';
import type { Fault } from './fault.js';

/** Requests that were on their way when the servers went are answered within this. */
const LAST_ANSWERS_MS = 3_000;

function away(name: string, names: readonly DependencyName[]): Fault {
  return {
    name,
    tells: names,
    async run({ stack, books, last, complain }) {
      const gone: Dependency[] = names.map((one) => stack[one]);
      await Promise.all(gone.map((dependency) => dependency.kill()));
      const nobodyTakes = names.includes('nats') && names.includes('postgres');
      await sleep(LAST_ANSWERS_MS);
      books.turnPage();
      await last(8);
      const good = new Set([nobodyTakes ? '503' : '202']);
      // Redis alone answers then, and on a busy machine it may be late: nobody else is there to be asked.
      if (names.includes('postgres')) good.add('analytics 503');
      for (const [outcome, count] of books.turnPage()) {
        if (!good.has(outcome)) complain(`${count} requests came to ${outcome} while ${names.join(' and ')} were away`);
      }
      await Promise.all(gone.map((dependency) => dependency.start()));
    },
  };
}

/** Servers that are away for a while, and come back with what they had (Redis: with nothing). */
export const outages: readonly Fault[] = [
  away('away-nats', ['nats']),
  away('away-redis', ['redis']),
  away('away-postgres', ['postgres']),
  away('away-nats-postgres', ['nats', 'postgres']),
];
