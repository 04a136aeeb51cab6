import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A line of a log file. */
export interface LogLine {
  /** The file without `.log`: a service or a server. */
  readonly name: string;
  readonly text: string;
  /** The fields of a line of a service; undefined for other lines. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

const POLL_MS = 250;
const NEWLINE = 10;
/** The part of a file that is read at once. The rest follows in the next round. */
const PART_BYTES = 262_144;

/** How far a file was read. A file that is smaller than that, or another file, is read from its beginning. */
interface Place {
  inode: number;
  offset: number;
}

/** Reads the lines of the log files of a folder as they are written. */
export class LogFollower {
  readonly #folder: string;
  readonly #isWanted: (name: string) => boolean;
  readonly #places = new Map<string, Place>();

  /** @param isWanted selects files by name; by default all */
  constructor(folder: string, isWanted: (name: string) => boolean = () => true) {
    this.#folder = folder;
    this.#isWanted = isWanted;
  }

  /** Returns the complete lines since the last call; at the first call up to `PART_BYTES` of each file. */
  read(): LogLine[] {
    return this.#files().flatMap((file) => this.#readFile(file));
  }

  /** Calls `take` with new lines until the signal is aborted. */
  async follow(take: (lines: readonly LogLine[]) => void, signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted) {
      const lines = this.read();
      if (lines.length > 0) take(lines);
      await sleep(POLL_MS, undefined, { ref: signal === undefined });
    }
  }

  #files(): string[] {
    try {
      return readdirSync(this.#folder).filter(
        (file) => file.endsWith('.log') && this.#isWanted(basename(file, '.log')),
      );
    } catch {
      // npm start is replacing the folder.
      return [];
    }
  }

  #readFile(file: string): LogLine[] {
    let descriptor: number;
    try {
      descriptor = openSync(join(this.#folder, file), 'r');
    } catch {
      return [];
    }
    try {
      const { ino: inode, size } = fstatSync(descriptor);
      let place = this.#places.get(file);
      if (place === undefined || place.inode !== inode || place.offset > size) {
        const isFirst = place === undefined;
        place = { inode, offset: isFirst ? Math.max(0, size - PART_BYTES) : 0 };
        this.#places.set(file, place);
      }
      const part = Buffer.alloc(Math.min(PART_BYTES, size - place.offset));
      const length = readSync(descriptor, part, 0, part.length, place.offset);
      // The end of the last line may not be written yet. A line without an end that fills the part is cut.
      const end = length === PART_BYTES && !part.includes(NEWLINE) ? length : part.lastIndexOf(NEWLINE) + 1;
      place.offset += end;
      const lines = part.toString('utf8', 0, end).split('\n').slice(0, -1);
      return lines.map((text) => ({ name: basename(file, '.log'), text, fields: fieldsOf(text) }));
    } finally {
      closeSync(descriptor);
    }
  }
}

function fieldsOf(text: string): LogLine['fields'] {
  if (!text.startsWith('{"timestamp":')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
