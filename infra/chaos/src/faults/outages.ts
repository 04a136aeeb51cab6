import type { Dependency, DependencyName } from '../stack/dependency.js';
import { expectOutcomes } from './answers.js';
import type { Fault } from './fault.js';

function away(name: string, names: readonly DependencyName[]): Fault {
  return {
    name,
    signals: names,
    async run(context) {
      const { stack } = context;
      const gone: Dependency[] = names.map((one) => stack[one]);
      await Promise.all(gone.map((dependency) => dependency.kill()));
      const nobodyTakes = names.includes('nats') && names.includes('postgres');
      const good = new Set([nobodyTakes ? '503' : '202']);
      // Redis alone answers then, and on a busy machine it may be late: nobody else is there to be asked.
      if (names.includes('postgres')) good.add('analytics 503');
      await expectOutcomes(context, good, 8, `${names.join(' and ')} were away`);
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
