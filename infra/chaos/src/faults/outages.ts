import type { Dependency, DependencyName } from '../stack/dependency.js';
import { expectOutcomes } from './answers.js';
import type { Fault } from './fault.js';

function outage(name: string, names: readonly DependencyName[]): Fault {
  return {
    name,
    signals: names,
    async run(context) {
      const { stack } = context;
      const gone: Dependency[] = names.map((one) => stack[one]);
      await Promise.all(gone.map((dependency) => dependency.kill()));
      const nothingAccepts = names.includes('nats') && names.includes('postgres');
      const good = new Set([nothingAccepts ? '503' : '202']);
      // Analytics has only Redis then, which may be slow on a busy machine.
      if (names.includes('postgres')) good.add('analytics 503');
      await expectOutcomes(context, good, 8, `${names.join(' and ')} were down`);
      await Promise.all(gone.map((dependency) => dependency.start()));
    },
  };
}

/** Servers that are down for a while and come back with their data; Redis comes back empty. */
export const outages: readonly Fault[] = [
  outage('away-nats', ['nats']),
  outage('away-redis', ['redis']),
  outage('away-postgres', ['postgres']),
  outage('away-nats-postgres', ['nats', 'postgres']),
];
