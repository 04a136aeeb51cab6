import { access } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import winston from 'winston';
import type DailyRotateFile from 'winston-daily-rotate-file';
import { every } from '../timers/every.js';
import { within } from '../timers/within.js';
import { currentSpan } from '../tracing/span.js';
import { prettyLine } from './pretty.js';

/** The fields of a log line. An Error becomes `{name, message, code, stack, cause}`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The stable name of a log line, `area.what_happened`. Tests and alerts match it, never the message. */
export type LogEvent = `${string}.${string}`;

export type EventFields = LogFields & { readonly event: LogEvent };

/**
 * `error` requires an operator to act. `warn` reports a problem that the process handles, such as an unavailable dependency.
 * A healthy system logs neither.
 */
export interface Logger {
  error(message: string, fields: EventFields): void;
  warn(message: string, fields: EventFields): void;
  info(message: string, fields: EventFields): void;
  debug(message: string, fields: EventFields): void;
}

/** The logger of a process. */
export interface ProcessLogger extends Logger {
  /** Resolves when the operating system has all lines, or after 2 s. */
  close(): Promise<void>;
}

type Level = 'error' | 'warn' | 'info' | 'debug';

const CLOSE_TIMEOUT_MS = 2_000;
const FILE_CHECK_MS = 60_000;

/**
 * Logs lines to standard output, as JSON or for people, and, if `file` is set, JSON lines to one file per day. Lines within a
 * sampled request have its `trace_id` and `span_id`. With
 * `logs/ads.log` the service `ingest` writes `logs/ads-ingest-2026-01-31.log`, so that services can share the setting. Files are
 * kept for 14 days and split at 100 MB.
 */
export async function createLogger(options: {
  service: string;
  level: Level;
  /** By default `json`. */
  format?: 'json' | 'pretty';
  file?: string | undefined;
}): Promise<ProcessLogger> {
  const { service, level, format = 'json', file } = options;
  const hasColours = process.stdout.isTTY && process.stdout.hasColors();
  const forPeople = winston.format.printf((line) => prettyLine(line, hasColours));
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(
      winston.format((info) => {
        const { level: at, message, ...fields } = info;
        return { timestamp: new Date().toISOString(), level: at, service, message, ...fields };
      })(),
      // Keeps the order of the fields.
      winston.format.json({ deterministic: false }),
    ),
    transports: [new winston.transports.Console(format === 'pretty' ? { format: forPeople } : {})],
    exitOnError: false,
  });

  let transport: DailyRotateFile | undefined;
  let current: string | undefined;
  const makeFile = file === undefined ? undefined : await loadDailyFile(file, service);
  const openFile = (make: () => DailyRotateFile): void => {
    try {
      transport = make();
    } catch (error) {
      fileFailed(error);
      return;
    }
    const opened = transport;
    opened.logStream.on('error', (error: unknown) => fileFailed(error, opened));
    opened.on('new', (name) => {
      if (opened === transport) current = name;
    });
    logger.add(opened);
  };
  // A full disk closes the stream of the file. The process continues with standard output and retries the file within 60 s.
  const fileFailed = (error: unknown, failed = transport): void => {
    if (failed !== transport) return;
    if (failed !== undefined) logger.remove(failed);
    transport = undefined;
    current = undefined;
    write('warn', 'log file cannot be written: lines go to standard output only; retried within 60 s', {
      event: 'log.file_failed',
      error,
    });
  };
  const write = (at: Level, message: string, fields: LogFields): void => {
    // One object: with two arguments winston appends a field named `message` to the message.
    try {
      logger.log({ ...plain(fields), ...traceFields(), level: at, message });
    } catch (error) {
      // The rotation throws if it cannot create the folder again. The line was already written to standard output.
      fileFailed(error);
    }
  };
  // A file that was deleted stays open, and its lines would be lost without an error.
  const checkFile = async (make: () => DailyRotateFile): Promise<void> => {
    const checked = transport;
    if (checked === undefined) openFile(make);
    else if (current !== undefined) await access(current).catch((error: unknown) => fileFailed(error, checked));
  };
  if (makeFile !== undefined) openFile(makeFile);
  const checks = makeFile && every(FILE_CHECK_MS, () => checkFile(makeFile), { delayMs: FILE_CHECK_MS });

  return {
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    debug: (message, fields) => write('debug', message, fields),
    close: async () => {
      if (checks) void checks.stop();
      const closing = transport;
      // From here on, errors of the file are ignored.
      transport = undefined;
      const written = closing && new Promise((resolve) => closing.once('finish', resolve));
      logger.close();
      await within(CLOSE_TIMEOUT_MS, Promise.all([written, flushed(process.stdout)]), () => undefined);
    },
  };
}

/** Loads the rotation, which only a process with a log file needs. @returns a function that opens the file of today */
async function loadDailyFile(path: string, service: string): Promise<() => DailyRotateFile> {
  const { default: Rotation } = await import('winston-daily-rotate-file');
  const extension = extname(path);
  const name = basename(path, extension);
  const folder = dirname(path);
  return () =>
    new Rotation({
      filename: join(folder, `${name}-${service}-%DATE%${extension || '.log'}`),
      datePattern: 'YYYY-MM-DD',
      utc: true,
      maxFiles: '14d',
      maxSize: '100m',
      // The rotation records here which files it may delete.
      auditFile: join(folder, `.${name}-${service}-audit.json`),
    });
}

/** The names that OpenTelemetry gives to these fields in JSON lines. */
function traceFields(): LogFields | undefined {
  const span = currentSpan();
  return span && { trace_id: span.traceId, span_id: span.spanId };
}

function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]),
  );
}

const CAUSES = 4;

/** An error as plain data: `{name, message, code?, stack?, cause?, errors?}`. */
export function describeError(error: Error, depth = 0): LogFields {
  const { cause, code, errors } = error as Error & { code?: unknown; errors?: unknown };
  const inner = (value: unknown): unknown =>
    value instanceof Error && depth < CAUSES ? describeError(value, depth + 1) : String(value);
  return {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(cause === undefined ? {} : { cause: inner(cause) }),
    ...(Array.isArray(errors) ? { errors: errors.slice(0, CAUSES).map(inner) } : {}),
  };
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) return resolve();
    stream.write('', () => resolve());
  });
}
