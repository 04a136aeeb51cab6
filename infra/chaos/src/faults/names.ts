import type { DependencyName } from '../stack/dependency.js';
import { expectOutcomes } from './answers.js';
import type { Fault } from './fault.js';

/** Longer than it takes clients that connect again and again to look the name up as often as there are threads. */
const HANG_SECONDS = 8;

/** A server is gone, and DNS is silent about its name: each look-up of it would hold a thread. The others are well. */
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
