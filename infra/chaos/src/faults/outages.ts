import { setTimeout as sleep } from 'node:timers/promises';
import { ACCEPTED, REDIRECTED } from '@ads/harness';
import type { DependencyName } from '../stack/dependency.js';
import type { Fault, FaultContext } from './fault.js';

/** The time within which requests sent before the fault are answered. */
const LAST_ANSWERS_MS = 3_000;

/**
 * Waits during a fault, and complains about each request with an unexpected outcome.
 *
 * @param good the expected outcomes, in the form of the journal
 * @param seconds the default duration; `--seconds` overrides it
 * @param failure describes the failure in the complaint, such as "NATS was down"
 */
export async function expectOutcomes(
  { journal, last, complain }: FaultContext,
  good: ReadonlySet<string>,
  seconds: number,
  failure: string,
): Promise<void> {
  await sleep(LAST_ANSWERS_MS);
  journal.takeOutcomes();
  await last(seconds);
  for (const [outcome, count] of journal.takeOutcomes()) {
    if (!good.has(outcome)) complain(`${count} requests ended with ${outcome} while ${failure}`);
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

/** The expected outcomes while these servers are down. */
function outcomesWithout(names: readonly DependencyName[]): Set<string> {
  const nothingAccepts = names.includes('nats') && names.includes('postgres');
  // Without Postgres, a slow Redis on a busy machine makes analytics return 503.
  // A click-through is redirected whichever server is unavailable.
  return new Set([
    REDIRECTED,
    nothingAccepts ? '503' : ACCEPTED,
    ...(names.includes('postgres') ? ['analytics 503'] : []),
  ]);
}

/** One server is down, and DNS look-ups of its name hang. Each look-up blocks a thread. The other servers are up. */
function hangingName(name: DependencyName): Fault {
  return {
    name: `name-hangs-${name}`,
    signals: [name],
    async run(context) {
      const { stack } = context;
      await stack.names.hang(name);
      try {
        await stack[name].kill();
        // Within this time, reconnecting clients start enough look-ups to block all threads of a process.
        await expectOutcomes(context, outcomesWithout([name]), 8, `DNS did not answer for ${name}`);
      } finally {
        stack.names.heal(name);
      }
      await stack[name].start();
    },
  };
}

/** Stops servers for a while, and restarts them with their data; Redis restarts empty. */
export const outages: readonly Fault[] = [
  outage('away-nats', ['nats']),
  outage('away-redis', ['redis']),
  outage('away-postgres', ['postgres']),
  outage('away-nats-postgres', ['nats', 'postgres']),
];

export const names: readonly Fault[] = (['nats', 'redis', 'postgres'] as const).map(hangingName);
