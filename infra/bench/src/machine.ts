import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 1_000;

/** The share of all cores that is in use now, 0 to 1. Figures from a busy machine are unreliable. */
export async function busyShare(): Promise<number> {
  const read = () => {
    const times = cpus().map((core) => core.times);
    const idle = times.reduce((sum, time) => sum + time.idle, 0);
    return { idle, all: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) };
  };
  const before = read();
  await sleep(LOOK_MS);
  const after = read();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}
