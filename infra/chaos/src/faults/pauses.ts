import type { LocalProcess } from '@ads/local';
import type { Random } from '../seeded.js';
import type { ChaosStack } from '../stack/chaos-stack.js';
import { type Fault, frozen } from './fault.js';

interface Victim {
  readonly tells: Fault['tells'];
  find(stack: ChaosStack, random: Random): LocalProcess;
}

const VICTIMS: Readonly<Record<string, Victim>> = {
  consumer: { tells: [], find: (stack, random) => random.pick(stack.slotsOf('consumer')).process },
  nats: { tells: ['nats'], find: (stack) => stack.nats.server },
  redis: { tells: ['redis'], find: (stack) => stack.redis.server },
  postgres: { tells: ['postgres'], find: (stack) => stack.postgres.server },
};

function stop(name: string, { tells, find }: Victim, seconds: number, onlyByName: boolean): Fault {
  return {
    name,
    onlyByName,
    tells,
    run: ({ stack, random, last }) => frozen(find(stack, random), () => last(seconds)),
  };
}

/** SIGSTOP. Longer than the queue waits for an acknowledgement. */
export const pauses: readonly Fault[] = Object.entries(VICTIMS).flatMap(([name, victim]) => [
  stop(`stop-${name}`, victim, 10, false),
  stop(`stop-${name}-40s`, victim, 40, true),
]);
