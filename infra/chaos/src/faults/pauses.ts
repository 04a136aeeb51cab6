import type { Random } from '@ads/harness';
import type { LocalProcess } from '@ads/local';
import type { ChaosStack } from '../stack/chaos-stack.js';
import { type Fault, frozen } from './fault.js';

interface Victim {
  readonly signals: Fault['signals'];
  find(stack: ChaosStack, random: Random): LocalProcess;
}

const VICTIMS: Readonly<Record<string, Victim>> = {
  consumer: { signals: [], find: (stack, random) => random.pick(stack.slotsOf('consumer')).process },
  nats: { signals: ['nats'], find: (stack) => stack.nats.server },
  redis: { signals: ['redis'], find: (stack) => stack.redis.server },
  postgres: { signals: ['postgres'], find: (stack) => stack.postgres.server },
};

function stop(name: string, { signals, find }: Victim, seconds: number, onlyByName: boolean): Fault {
  return {
    name,
    onlyByName,
    signals,
    run: ({ stack, random, last }) => frozen(find(stack, random), () => last(seconds)),
  };
}

/** Freezes processes with SIGSTOP for longer than JetStream waits for an acknowledgement. */
export const pauses: readonly Fault[] = Object.entries(VICTIMS).flatMap(([name, victim]) => [
  stop(`stop-${name}`, victim, 10, false),
  stop(`stop-${name}-40s`, victim, 40, true),
]);
