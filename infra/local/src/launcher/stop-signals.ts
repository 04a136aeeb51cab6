import { findProcess, isAlive, type ProcessInfo } from '../processes/table.js';

/** How a command of ours ends. Each of the two is called at most once; both end the process. */
export interface StopSignals {
  /** Ends everything in order. `why` is the name of the signal, or of the npm process that is gone. */
  readonly stop: (why: string) => Promise<void>;
  /** Ends everything at once, for a user who does not want to wait any longer. */
  readonly kill?: () => Promise<void>;
  /** How long `stop` may take before the user is offered `kill`. */
  readonly patienceMs?: number;
}

/*
 * One Ctrl-C arrives several times: the terminal signals every process of the foreground group, and npm passes its own
 * signal on to us. How long npm takes for that depends on the load of the machine, so the time between two signals does
 * not tell one keystroke from two. A second Ctrl-C counts only after we have asked for it.
 *
 *   running ──signal──▶ stopping ──patience is over, the offer is printed──▶ kill offered ──signal──▶ killing
 */
type State = 'running' | 'stopping' | 'kill offered' | 'killing';

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 500;

/** Ends this command on SIGINT, SIGTERM, SIGHUP, and when the npm that runs it is gone. */
export function onStopSignals({ stop, kill, patienceMs = PATIENCE_MS }: StopSignals): void {
  let state: State = 'running';

  const beginStop = (why: string): void => {
    if (state !== 'running') return;
    state = 'stopping';
    if (kill !== undefined) setTimeout(offerKill, patienceMs).unref();
    void stop(why);
  };
  const offerKill = (): void => {
    state = 'kill offered';
    console.log('Still stopping. Press Ctrl-C again to end everything at once.');
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (state !== 'kill offered') {
      beginStop(signal);
    } else {
      state = 'killing';
      console.log('Ending everything at once.');
      void kill?.();
    }
  };

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  onceAncestorIsGone((name) => beginStop(`"${name}" is gone`));
}

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
function onceAncestorIsGone(callback: (name: string) => void): void {
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
