import type { LocalProcess } from '@ads/local';
import type { Random } from '../seeded.js';
import type { ChaosStack } from '../stack/chaos-stack.js';
import type { Fault } from './fault.js';

type Victim = (stack: ChaosStack, random: Random) => LocalProcess;

const VICTIMS: Readonly<Record<string, Victim>> = {
  consumer: (stack, random) => random.pick(stack.slotsOf('consumer')).process,
  nats: (stack) => stack.nats.server,
  redis: (stack) => stack.redis.server,
  postgres: (stack) => stack.postgres.server,
};

function stop(name: string, victim: Victim, seconds: number, onlyByName: boolean): Fault {
  return {
    name,
    onlyByName,
    async run({ stack, random, last }) {
      const process = victim(stack, random);
      process.pause();
      try {
        await last(seconds);
      } finally {
        process.resume();
      }
    },
  };
}

/** SIGSTOP: connections stay open, and nobody answers. Longer than the queue waits for an acknowledgement. */
export const pauses: readonly Fault[] = Object.entries(VICTIMS).flatMap(([name, victim]) => [
  stop(`stop-${name}`, victim, 10, false),
  stop(`stop-${name}-40s`, victim, 40, true),
]);
