import { setTimeout as sleep } from 'node:timers/promises';
import type { DependencyName } from '../stack/dependency.js';
import type { Fault, FaultContext } from './fault.js';

/** Requests that were sent before the fault are answered within this. */
const LAST_ANSWERS_MS = 3_000;

/**
 * Waits during a fault, and complains about each request with another outcome than expected.
 *
 * @param good outcomes as in the journal
 * @param seconds by default; `--seconds` wins
 * @param amiss completes "while …", as in "NATS was down"
 */
export async function expectOutcomes(
  { journal, last, complain }: FaultContext,
  good: ReadonlySet<string>,
  seconds: number,
  amiss: string,
): Promise<void> {
  await sleep(LAST_ANSWERS_MS);
  journal.takeOutcomes();
  await last(seconds);
  for (const [outcome, count] of journal.takeOutcomes()) {
    if (!good.has(outcome)) complain(`${count} requests ended with ${outcome} while ${amiss}`);
  }
}

function outage(name: string, names: readonly DependencyName[]): Fault {
  return {
    name,
    signals: names,
    async run(context) {
      const gone = names.map((one) => context.stack[one]);
      await Promise.all(gone.map((dependency) => dependency.kill()));
      await expectOutcomes(context, outcomesWithout(names), 8, `${names.join(' and ')} were down`);
      await Promise.all(gone.map((dependency) => dependency.start()));
    },
  };
}

/** The outcomes while these servers are down. */
function outcomesWithout(names: readonly DependencyName[]): Set<string> {
  const nothingAccepts = names.includes('nats') && names.includes('postgres');
  // Without Postgres, analytics has only Redis, which may be slow on a busy machine.
  return new Set([nothingAccepts ? '503' : '202', ...(names.includes('postgres') ? ['analytics 503'] : [])]);
}

/** A server is down and DNS does not answer for its name, so each look-up holds a thread. The other servers are up. */
function hangingName(name: DependencyName): Fault {
  return {
    name: `name-hangs-${name}`,
    signals: [name],
    async run(context) {
      const { stack } = context;
      await stack.names.hang(name);
      try {
        await stack[name].kill();
        // Long enough for reconnecting clients to start as many look-ups as a process has threads.
        await expectOutcomes(context, outcomesWithout([name]), 8, `DNS did not answer for ${name}`);
      } finally {
        stack.names.heal(name);
      }
      await stack[name].start();
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

export const names: readonly Fault[] = (['nats', 'redis', 'postgres'] as const).map(hangingName);
