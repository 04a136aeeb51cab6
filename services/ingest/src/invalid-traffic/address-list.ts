import { stat } from 'node:fs/promises';
import { type Condition, ConfigError, type Logger, reasonOf } from '@ads/runtime';
import { type AddressRanges, contains } from './address-ranges.js';
import type { ListLimits } from './list-limits.js';
import type { ListMetrics } from './list-metrics.js';
import { readInWorker } from './read-in-worker.js';
import { ListError, type ReadList } from './read-list.js';

/**
 * A list of addresses in memory that follows its file.
 *
 * The file is *unchanged*, or a change is *seen*: the file may still be written, so it is read at the next check if it has not
 * changed again. The list that was read replaces the old one at once. If it cannot be used, the old list stays, the condition
 * holds, and the file is *refused* until it changes again.
 */
export interface AddressList {
  /** True if the list contains the address that `readWords` has read. */
  readonly has: (isV4: boolean, words: Uint32Array) => boolean;
  /** Identifies the content of the list. */
  readonly hash: () => string;
  /** Looks for a change of the file. Never rejects. */
  readonly check: () => Promise<void>;
}

export interface AddressListOptions {
  /** The variable that names the file. */
  readonly variable: string;
  readonly path: string;
  readonly limits: ListLimits;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Holds while the file cannot be used. */
  readonly condition: Condition;
  readonly metrics: ListMetrics;
  /** Called after a changed list has replaced the old one. */
  readonly onReplaced: () => void;
}

interface Loaded {
  readonly list: ReadList;
  readonly version: string;
}

/** @throws ConfigError if the file cannot be used */
export async function openAddressList(options: AddressListOptions): Promise<AddressList> {
  const { variable, path, limits, logger, condition, metrics } = options;

  async function load(): Promise<Loaded> {
    const { version, modifiedAt } = await versionOf(path);
    const list = await readInWorker(path, limits);
    if ((await versionOf(path)).version !== version) throw new Error('the file was changed while it was read');
    metrics.loaded(list.count, modifiedAt);
    logger.info(`${variable} loaded: ${list.count} ranges`, {
      event: 'address_list.loaded',
      variable,
      ranges: list.count,
      hash: list.hash,
    });
    return { list, version };
  }

  let loaded = await load().catch((error) => {
    throw new ConfigError([`${variable}: ${path}: ${reasonOf(error)}`]);
  });
  let ranges: AddressRanges = loaded.list.ranges;
  let seen = loaded.version;
  let refused: string | undefined;
  /** The reason of the last log line; each is logged once. */
  let logged: string | undefined;
  metrics.checked(true);

  function refuse(error: unknown): void {
    const reason = reasonOf(error);
    metrics.checked(false);
    condition.hold(
      `${variable} cannot be used: ${path}: ${reason}; the list that was loaded before stays. Correct the file: the service would not start with it.`,
    );
    if (reason === logged) return;
    logged = reason;
    logger.warn(`${variable} cannot be used: ${reason}`, { event: 'address_list.refused', variable, reason });
  }

  async function replaceIfChanged(): Promise<void> {
    const { version } = await versionOf(path);
    const isSettled = version === seen;
    seen = version;
    if (!isSettled || version === refused) return;
    if (version !== loaded.version) {
      try {
        loaded = await load();
      } catch (error) {
        // Any other error, such as one of the disk, may be gone at the next check.
        if (error instanceof ListError) refused = version;
        throw error;
      }
      ranges = loaded.list.ranges;
      options.onReplaced();
    }
    refused = undefined;
    logged = undefined;
    metrics.checked(true);
    condition.clear();
  }

  return {
    has: (isV4, words) => contains(ranges, isV4, words),
    hash: () => loaded.list.hash,
    check: () => replaceIfChanged().catch(refuse),
  };
}

/** `version` changes when the file is replaced or written; also when Kubernetes replaces the link to it. */
async function versionOf(path: string): Promise<{ readonly version: string; readonly modifiedAt: number }> {
  const file = await stat(path);
  // Reading a pipe would never end.
  if (!file.isFile()) throw new Error('is not a file');
  return { version: `${file.ino} ${file.size} ${file.mtimeMs}`, modifiedAt: file.mtimeMs };
}
