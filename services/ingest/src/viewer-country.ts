import { readFile, stat } from 'node:fs/promises';
import type { AdEvent } from '@ads/models';
import { type Condition, ConfigError, every, type Logger, type ProcessContext, reasonOf } from '@ads/runtime';
import type { IngestConfig } from './config.js';
import type { CountryDatabase } from './country-database.js';

/** Largest file. It is in memory twice while it is replaced, and ingest has 256 MB. */
const MAX_BYTES = 33_554_432;
const CHECK_MS = 60_000;

/** Adds the country of the viewer's address to events that have none. */
export interface ViewerCountry {
  readonly addTo: (event: AdEvent) => AdEvent;
  /** Loads the file if it was replaced. If it cannot be used, the condition begins, and the countries stay. Never rejects. */
  readonly check: () => Promise<void>;
}

export interface ViewerCountryOptions {
  readonly path: string;
  readonly logger: Pick<Logger, 'info'>;
  /** Holds while the file cannot be used. */
  readonly condition: Condition;
  readonly maxBytes?: number;
}

/**
 * Opens the file of `GEOIP_DB`, and reloads it within a minute after it was replaced.
 *
 * @returns the function that adds the country to an event; undefined without `GEOIP_DB`
 * @throws ConfigError if the file cannot be used
 */
export async function openViewerCountry({
  config,
  logger,
  conditions,
  shutdown,
}: ProcessContext<IngestConfig>): Promise<ViewerCountry['addTo'] | undefined> {
  const condition = conditions.declare('geoip_db_unusable');
  if (config.GEOIP_DB === undefined) return undefined;
  const country = await createViewerCountry({ path: config.GEOIP_DB, logger, condition });
  shutdown.add('check of GEOIP_DB', every(CHECK_MS, country.check, { delayMs: CHECK_MS }).stop);
  return country.addTo;
}

/** @throws ConfigError if the file cannot be used */
export async function createViewerCountry(options: ViewerCountryOptions): Promise<ViewerCountry> {
  const { path, logger, condition, maxBytes = MAX_BYTES } = options;
  const load = async (): Promise<Loaded> => {
    const next = await loadFile(path, maxBytes);
    logger.info(`GEOIP_DB loaded: ${next.database.name}`, {
      event: 'geoip.loaded',
      database: next.database.name,
      bytes: next.bytes,
    });
    return next;
  };
  let loaded = await load().catch((error) => {
    throw new ConfigError([`GEOIP_DB: ${reasonOf(error)}`]);
  });
  return {
    addTo(event) {
      if (event.labels?.country !== undefined) return event;
      const country = loaded.database.countryOf(event.ip);
      return country === undefined ? event : { ...event, labels: { ...event.labels, country } };
    },
    async check() {
      try {
        if ((await versionOf(path)).version !== loaded.version) loaded = await load();
        condition.clear();
      } catch (error) {
        condition.hold(
          `GEOIP_DB cannot be used: ${reasonOf(error)}; events get the countries of ${loaded.database.name}. Replace the file: the service would not start with it.`,
        );
      }
    },
  };
}

interface Loaded {
  readonly database: CountryDatabase;
  /** Changes when the file is replaced or written. */
  readonly version: string;
  readonly bytes: number;
}

/** Reads the file, and loads the code that reads its format, which a process without `GEOIP_DB` does not need. */
async function loadFile(path: string, maxBytes: number): Promise<Loaded> {
  const { parseCountryDatabase } = await import('./country-database.js');
  const { version, bytes } = await versionOf(path);
  if (bytes > maxBytes) {
    throw new Error(`${path}: has ${bytes} bytes, at most ${maxBytes} are allowed; use a database of countries`);
  }
  const file = await readFile(path);
  if ((await versionOf(path)).version !== version) throw new Error(`${path}: was changed while it was read`);
  try {
    return { database: parseCountryDatabase(file), version, bytes };
  } catch (error) {
    throw new Error(`${path}: ${reasonOf(error)}`);
  }
}

async function versionOf(path: string): Promise<Pick<Loaded, 'version' | 'bytes'>> {
  const file = await stat(path);
  // Reading a pipe would never end.
  if (!file.isFile()) throw new Error(`${path}: is not a file`);
  return { version: `${file.ino} ${file.size} ${file.mtimeMs}`, bytes: file.size };
}
