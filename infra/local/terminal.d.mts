/** A step that runs. */
export interface RunningStep {
  /** Sets the text after the time: a count, a size. */
  note(text: string): void;
  /** Ends the line of the step, with its last note unless `note` is given. A second call does nothing. */
  end(good: boolean, note?: string): void;
}

export interface Terminal {
  /** True if lines are redrawn. */
  readonly isLive: boolean;
  /** Colours a text if the stream shows colours. */
  paint(format: 'bold' | 'dim' | 'cyan' | 'green' | 'red' | 'yellow', text: string): string;
  /** The width of the stream; 80 if it has none. */
  columns(): number;
  print(text: string): void;
  /** Prints the line of a step that has ended. @param since its start by `performance.now()` */
  printStep(good: boolean, label: string, since: number, note?: string): void;
  begin(label: string): RunningStep;
  /** Sets the last line, which stays below all output; undefined removes it. Without redrawing it is not shown. */
  status(text: string | undefined): void;
}

export interface TerminalOptions {
  /** By default that of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** False to remove the lines of steps that succeed; by default they stay. */
  readonly keepSteps?: boolean;
}

export function openTerminal(stream: NodeJS.WriteStream, options?: TerminalOptions): Terminal;
