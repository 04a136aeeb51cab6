import { type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPortFree } from '../ports.js';
import { waitFor } from '../wait-for.js';
import { forgetProcess, rememberProcess } from './leftovers.js';
import { descendants, isAlive, sendSignal } from './table.js';

/** The command that starts a process. */
export interface Launch extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  command: string;
  args: readonly string[];
  /** The name of the container, if the command is only its client. */
  container?: string;
}

/** The differences between the kinds of processes. */
export interface ProcessOptions {
  name: string;
  port: number;
  env: Readonly<Record<string, string>>;
  logFile: string;
  /** Called at each start; may prepare folders and settings. */
  launch: () => Promise<Launch>;
  /** Returns true if the process answers, and no other program in its place. An error counts as false. */
  isReady: () => Promise<boolean>;
  readyTimeoutMs?: number;
  /** The signal for an orderly stop; by default SIGTERM. */
  stopSignal?: NodeJS.Signals;
  /** Timeout of an orderly stop in milliseconds. */
  stopTimeoutMs?: number;
  /** Delivers a signal where the kernel cannot, for example to a container. */
  deliver?: (signal: NodeJS.Signals) => void;
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  error?: Error;
}

interface Running {
  pid: number;
  exited: Promise<Exit>;
  /** True until it is ready, and after a request to stop. */
  endExpected: boolean;
}

/**
 * A process on this machine: a database server or one of our services. It keeps its port and its data when it is stopped or
 * killed and started again.
 */
export class LocalProcess {
  readonly name: string;
  /** Always 127.0.0.1, so that the local stack is not reachable from outside. */
  readonly host = '127.0.0.1';
  readonly port: number;
  /** The variables that a service needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** The file with the output of all its starts. */
  readonly logFile: string;
  readonly #options: ProcessOptions;
  readonly #listeners: ((reason: string) => void)[] = [];
  #running: Running | undefined;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.port = options.port;
    this.env = Object.freeze({ ...options.env });
    this.logFile = options.logFile;
  }

  /** The process id; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Returns true if this process answers on its port, and not another one. An error counts as false. */
  async answers(): Promise<boolean> {
    return await this.#options.isReady().catch(() => false);
  }

  /** Starts the process and resolves when it answers. @throws Error with the end of its log if it does not */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`${this.name} is running already`);
    // A program that already listens on this port would be mistaken for the new process.
    if (!(await isPortFree(this.port))) {
      throw new Error(`${this.name} can't start: port ${this.port} of ${this.host} is taken by another program`);
    }
    const running = await this.#spawn(await this.#options.launch());
    let exit: Exit | undefined;
    const exited = running.exited.then((outcome) => {
      exit = outcome;
    });
    const { isReady, readyTimeoutMs: timeoutMs = 30_000 } = this.#options;
    try {
      await waitFor(() => exit !== undefined || Promise.race([isReady(), exited.then(() => true)]), {
        timeoutMs,
        what: `${this.name} to answer on port ${this.port}`,
      });
    } catch (error) {
      await this.kill();
      throw new Error(`${(error as Error).message}. End of its log:\n${this.logTail()}`);
    }
    if (exit !== undefined) {
      throw new Error(`${this.name} ${describe(exit)} while starting. Its log:\n${this.logTail()}`);
    }
    running.endExpected = false;
  }

  /** Stops the process, and kills it after the timeout. Resolves when it has ended. */
  async stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const running = this.#running;
    if (running === undefined) return { code: 0, signal: null };
    running.endExpected = true;
    // A frozen process cannot handle the signal.
    this.resume();
    this.#deliver(running.pid, this.#options.stopSignal ?? 'SIGTERM');
    const inTime = await Promise.race([
      running.exited.then(() => true),
      sleep(this.#options.stopTimeoutMs ?? 15_000, false, { ref: false }),
    ]);
    if (!inTime) await this.kill();
    const { code, signal } = await running.exited;
    return { code, signal };
  }

  /** Kills the process and its children. Resolves when they have ended. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.endExpected = true;
    const family = descendants(running.pid);
    this.#deliver(running.pid, 'SIGKILL');
    for (const { pid } of family) sendSignal(pid, 'SIGKILL');
    await running.exited;
    await waitFor(() => !family.some(isAlive), {
      timeoutMs: 15_000,
      what: `the children of ${this.name} to end`,
    });
  }

  /** Freezes the process and its children: connections stay open and get no answer. */
  pause(): void {
    this.#signalFamily('SIGSTOP');
  }

  /** Resumes the processes that `pause` froze. */
  resume(): void {
    this.#signalFamily('SIGCONT');
  }

  /** Stops the process, if it runs, and starts it again with the same port and data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Returns the last lines of the log of the process. */
  logTail(lines = 20): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '(no log)';
    }
  }

  /** Calls back each time the process ends without a call of `stop` or `kill`. */
  onUnexpectedExit(listener: (reason: string) => void): void {
    this.#listeners.push(listener);
  }

  async #spawn({ command, args, container, ...options }: Launch): Promise<Running> {
    mkdirSync(dirname(this.logFile), { recursive: true });
    const log = openSync(this.logFile, 'a');
    // A separate session, so that Ctrl-C in the terminal reaches only the launcher, which stops all processes in order.
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => {
        if (child.pid === undefined) resolve({ code: null, signal: null, error });
      });
    });
    const { pid } = child;
    if (pid === undefined) {
      const { error } = await exited;
      throw new Error(`${this.name} could not be started: ${error?.message}`);
    }
    rememberProcess(this.name, pid, container);
    const running: Running = { pid, exited, endExpected: true };
    this.#running = running;
    void exited.then((exit) => {
      forgetProcess(pid);
      this.#running = undefined;
      if (!running.endExpected) for (const listener of this.#listeners) listener(describe(exit));
    });
    return running;
  }

  #deliver(pid: number, signal: NodeJS.Signals): void {
    if (this.#options.deliver === undefined) sendSignal(pid, signal);
    else this.#options.deliver(signal);
  }

  #signalFamily(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) return;
    // The parent first, so that it starts no child after the children were listed.
    this.#deliver(pid, signal);
    for (const child of descendants(pid)) sendSignal(child.pid, signal);
  }
}

function describe({ code, signal, error }: Exit): string {
  if (error !== undefined) return `failed: ${error.message}`;
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
