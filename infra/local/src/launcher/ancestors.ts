import { findProcess, isAlive, type ProcessInfo } from '../processes/table.js';

const LOOK_EVERY_MS = 500;

/** From our parent up to the npm (or pnpm, yarn) that ran the script; empty without one. */
function upToNpm(): ProcessInfo[] {
  const chain: ProcessInfo[] = [];
  let pid = process.ppid;
  while (pid > 1 && chain.length < 6) {
    const info = findProcess(pid);
    if (info === undefined) return [];
    chain.push(info);
    if (/(^|[\s/])(npm|pnpm|yarn|npx)([\s.-]|$)/.test(info.command)) return chain;
    pid = info.parent;
  }
  return [];
}

/**
 * Calls back once when the npm that runs us, or a shell between it and us, is gone. SIGKILL can't
 * be passed on to a child, so without this a killed `npm start` would leave the whole stack behind.
 * Does nothing when no npm runs us.
 */
export function onceAncestorIsGone(callback: (name: string) => void): void {
  const chain = upToNpm();
  if (chain.length === 0) return;
  const timer = setInterval(() => {
    const gone = chain.find((ancestor) => !isAlive(ancestor));
    if (gone === undefined) return;
    clearInterval(timer);
    callback(gone.command);
  }, LOOK_EVERY_MS);
  timer.unref();
}
