import { fileURLToPath } from 'node:url';
import type { CrashPoint } from '../crash-points/crash-point.js';
import type { Fault } from './fault.js';

const ENTRY = fileURLToPath(new URL('../crash-points/main.js', import.meta.url));
/** The number of crashes in a round. Each crash meets other batches in flight. */
const CRASHES = 3;
const CRASH_MS = 30_000;

function crash(point: CrashPoint): Fault {
  return {
    name: `crash-${point}`,
    signals: [],
    async run({ stack, random, expect }) {
      const slot = random.pick(stack.slotsOf('consumer'));
      for (let time = 0; time < CRASHES; time += 1) {
        await slot.kill();
        const batches = String(random.integer(1, 20));
        await slot.start([ENTRY, point, batches]);
        const what = `${slot.name} to crash ${point.replaceAll('-', ' ')}`;
        await expect(what, CRASH_MS, () => slot.port === undefined);
      }
      await slot.kill();
      await slot.start();
    },
  };
}

/** Kills a consumer after an exact step of its work. */
export const crashPoints: readonly Fault[] = [
  crash('between-judge-and-commit'),
  crash('between-commit-and-raise'),
  crash('in-the-middle-of-raises'),
  crash('between-raise-and-ack'),
];
