import { findProcess, isAlive, type ProcessInfo } from '../processes/table.js';

/** How a command ends. Each function is called at most once, and both end the process. */
export interface StopSignals {
  /** Ends all processes in order. `why` is the name of the signal, or of the npm process that ended. */
  readonly stop: (why: string) => Promise<void>;
  /** Ends all processes at once, for a user who does not want to wait. */
  readonly kill?: () => Promise<void>;
  /** Milliseconds until the prompt that offers `kill`; by default 10,000. */
  readonly killPromptMs?: number;
}

/*
 * One Ctrl-C arrives several times: the terminal signals every process of the foreground group, and npm forwards its own
 * signal to this process. npm's delay depends on the load of the machine, so the time between two signals does not show
 * whether they are one keystroke or two. A second Ctrl-C therefore counts only after the prompt to press it again.
 *
 *   running ──signal──▶ stopping ──killPromptMs have passed, the prompt is printed──▶ kill offered ──signal──▶ killing
 */
type State = 'running' | 'stopping' | 'kill offered' | 'killing';

const KILL_PROMPT_MS = 10_000;
const LOOK_EVERY_MS = 500;

/** Ends this command on SIGINT, SIGTERM and SIGHUP, and when the npm that runs it has ended. */
export function onStopSignals({ stop, kill, killPromptMs = KILL_PROMPT_MS }: StopSignals): void {
  let state: State = 'running';

  const beginStop = (why: string): void => {
    if (state !== 'running') return;
    state = 'stopping';
    if (kill !== undefined) setTimeout(offerKill, killPromptMs).unref();
    void stop(why);
  };
  const offerKill = (): void => {
    state = 'kill offered';
    console.log('Still stopping. Press Ctrl-C again to kill all processes.');
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (state !== 'kill offered') {
      beginStop(signal);
    } else {
      state = 'killing';
      console.log('Killing all processes.');
      void kill?.();
    }
  };

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  onceAncestorIsGone((name) => beginStop(`"${name}" has ended`));
}

/** The processes from our parent up to the npm (or pnpm, yarn) that ran the script; empty without npm. */
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
