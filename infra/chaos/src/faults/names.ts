import type { DependencyName } from '../stack/dependency.js';
import { expectOutcomes } from './answers.js';
import type { Fault } from './fault.js';

/** Long enough for reconnecting clients to start as many look-ups as a process has threads. */
const HANG_SECONDS = 8;

/** A server is down and DNS does not answer for its name, so each look-up holds a thread. The other servers are up. */
function hangingName(name: DependencyName): Fault {
  return {
    name: `name-hangs-${name}`,
    signals: [name],
    async run(context) {
      const { stack } = context;
      const dependency = stack[name];
      await stack.names.hang(name);
      try {
        await dependency.kill();
        const good = new Set(['202', ...(name === 'postgres' ? ['analytics 503'] : [])]);
        await expectOutcomes(context, good, HANG_SECONDS, `DNS did not answer for ${name}`);
      } finally {
        stack.names.heal(name);
      }
      await dependency.start();
    },
  };
}

export const names: readonly Fault[] = (['nats', 'redis', 'postgres'] as const).map(hangingName);
