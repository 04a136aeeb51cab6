/**
 * Something real that runs on this machine for us: a database server, or one of our services.
 * It keeps its port and its data over stop, kill and start.
 */
export interface LocalProcess {
  readonly name: string;
  /** Always 127.0.0.1: nothing of the local stack is reachable from outside. */
  readonly host: string;
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** The variables that a service needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** Its output, over all its starts. */
  readonly logFile: string;
  /** Resolves when it answers. @throws Error with the end of its log when it does not. */
  start(): Promise<void>;
  /** Asks it to end, and kills it when it takes too long. Resolves when it is gone. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends a signal (by default SIGKILL) to it and its children; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Freezes it with all its children: connections stay open, nothing answers. */
  pause(): void;
  /** Thaws what `pause` froze. */
  resume(): void;
  /** `stop`, if it runs, and `start`, on the same port and data. */
  restart(): Promise<void>;
  /** The last lines of its log. */
  logTail(lines?: number): string;
  /** Calls back whenever it ends without `stop` or `kill` having been called. */
  onUnexpectedExit(listener: (reason: string) => void): void;
}
