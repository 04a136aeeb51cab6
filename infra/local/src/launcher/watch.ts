import { ENDPOINTS } from '@ads/contract/paths';
import { LogFollower, type LogLine } from '../logs/follow.js';
import { SERVICE_NAMES, type ServiceName } from '../service-table.js';
import { printWarning, terminal } from './progress.js';
import { newRejections, type Rejection, rejectionText, type StackState, statusText, sumOf } from './watch-texts.js';

const WATCH_MS = 2_000;

/** The services that the launcher watches after the start. */
export interface WatchOptions {
  /** The address of each service. */
  readonly urls: ReadonlyMap<ServiceName, string>;
  /** A key that may read; undefined if the launcher knows none. */
  readonly key: string | undefined;
  readonly logFolder: string;
}

/**
 * Prints warnings of the services and each kind of rejected event once, and keeps one line with the load and the state of the
 * stack below them.
 *
 * @returns ends it
 */
export function watchStack({ urls, key, logFolder }: WatchOptions): () => void {
  const ended = new AbortController();
  const known = new Set<string>();
  const follower = new LogFollower(logFolder, (name) => SERVICE_NAMES.some((service) => service === name));
  // The summary has printed what happened before.
  follower.read();
  void follower.follow((lines) => lines.forEach(printProblem), ended.signal);

  const read = async (service: ServiceName, path: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(WATCH_MS)]);
    const answer = await fetch(`${urls.get(service)}${path}`, { headers, signal });
    return await answer.text();
  };
  let last = { events: 0, at: 0 };
  const readState = async (): Promise<StackState> => {
    const [ingest, consumer, ...reports] = await Promise.all([
      read('ingest', ENDPOINTS.metrics.path),
      read('consumer', ENDPOINTS.metrics.path),
      ...SERVICE_NAMES.map((name) => read(name, ENDPOINTS.health.path)),
    ]);
    const current = { events: sumOf(ingest, /^ad_\w+_total\b/), at: performance.now() };
    const seconds = (current.at - last.at) / 1_000;
    const perSecond = last.at === 0 ? 0 : Math.max(0, current.events - last.events) / seconds;
    last = current;
    const backlog = sumOf(consumer, /^consumer_backlog_messages\b/);
    return { perSecond, backlog, reports: reports.map((text) => JSON.parse(text)) };
  };
  const show = (text: string | undefined) => {
    if (!ended.signal.aborted) terminal.status(text);
  };
  const look = async () => {
    const { rejected = [] } = JSON.parse(await read('ingest', ENDPOINTS.rejectedEvents.path)) as {
      rejected?: Rejection[];
    };
    for (const one of newRejections(rejected, known)) printWarning(rejectionText(one));
    if (terminal.isLive) show(statusText(await readState(), terminal.paint));
  };
  const timer = setInterval(() => {
    // A service that does not answer is restarting, which the launcher has printed.
    look().catch(() => show(terminal.isLive ? terminal.paint('yellow', 'a service does not answer') : undefined));
  }, WATCH_MS);
  return () => {
    clearInterval(timer);
    ended.abort();
    terminal.status(undefined);
  };
}

function printProblem({ name, fields }: LogLine): void {
  if (fields?.level === 'warn' || fields?.level === 'error') printWarning(`${name}: ${fields.message}`);
}
