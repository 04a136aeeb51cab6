import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpLine } from '@ads/harness';
import { type RequestSettings, requestMaker } from './requests.js';

/** One case. */
export interface LoadSettings {
  readonly port: number;
  readonly connections: number;
  /** Requests a second of all connections together, whether or not answers come; undefined: as many as are answered. */
  readonly perSecond?: number;
  readonly request: RequestSettings;
  /** The one status that is good. */
  readonly status: number;
  /** Sent before it is counted. */
  readonly warmSeconds: number;
  readonly seconds: number;
}

/** What was measured after the warm-up. */
export interface LoadResult {
  /** Answers. */
  readonly perSecond: number;
  /** Milliseconds, from when it was due to be sent until the whole answer was there. */
  readonly p50: number;
  readonly p99: number;
  /** Everything that was answered, the warm-up as well. */
  readonly answered: number;
  /** What sending took of a core, 0 to 1. Near 1 it is the load that was measured. */
  readonly busy: number;
}

const TICK_MS = 1;
const LOOK_MS = 50;
const LAST_ANSWERS_MS = 10_000;

/**
 * Sends requests over kept connections, one at a time on each, and measures.
 *
 * @throws Error at the first answer that is not good, and when one does not come
 */
export async function send(settings: LoadSettings): Promise<LoadResult> {
  const { port, connections, perSecond, request, status, warmSeconds, seconds } = settings;
  const make = requestMaker(request);
  const lines = Array.from({ length: connections }, () => new HttpLine(port));
  let times = createHistogram();
  let counted = 0;
  let answered = 0;
  let ending = false;
  let failure: Error | undefined;

  async function ask(line: HttpLine, due: number): Promise<void> {
    const answer = await line.ask(make());
    if (answer.status !== status) throw new Error(`answered ${answer.status} instead of ${status}: ${answer.body}`);
    answered += 1;
    if (ending) return;
    counted += 1;
    times.record(Math.max(1, Math.round(1_000 * (performance.now() - due))));
  }
  const fail = (error: Error) => {
    failure ??= error;
    ending = true;
  };

  const sending = perSecond === undefined ? sendAtOnce(lines) : sendEvenly(lines, perSecond);
  await sleep(1_000 * warmSeconds);
  times = createHistogram();
  counted = 0;
  const since = performance.now();
  const cpu = process.cpuUsage();
  await sleep(1_000 * seconds);
  // All may wait for one thing that takes longer than that, such as the list of all ads: then it is measured for longer.
  for (let more = 0; counted === 0 && failure === undefined && more < LAST_ANSWERS_MS; more += LOOK_MS)
    await sleep(LOOK_MS);
  ending = true;
  const elapsed = (performance.now() - since) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const busy = (user + system) / 1e6 / elapsed;
  const late = sleep(LAST_ANSWERS_MS, 'late', { ref: false });
  if ((await Promise.race([sending, late])) === 'late') fail(new Error('requests were not answered'));
  for (const line of lines) line.close();
  if (counted === 0) fail(new Error(`nothing was answered in ${elapsed.toFixed(1)} s`));
  if (failure !== undefined) throw failure;
  const result = { perSecond: counted / elapsed, p50: times.percentile(50) / 1e3, p99: times.percentile(99) / 1e3 };
  return { ...result, answered, busy };

  /** The next one as soon as the one before is answered. */
  async function sendAtOnce(all: readonly HttpLine[]): Promise<void> {
    await Promise.all(
      all.map(async (line) => {
        try {
          while (!ending) await ask(line, performance.now());
        } catch (error) {
          fail(error as Error);
        }
      }),
    );
  }

  /**
   * Each millisecond as many as are due. One that finds every connection waiting for an answer waits itself, and that
   * time counts: a server that stands still does not escape its measurement.
   */
  async function sendEvenly(all: readonly HttpLine[], rate: number): Promise<void> {
    const free = [...all];
    const waiting: number[] = [];
    const busyLines = new Set<Promise<void>>();
    const begin = (line: HttpLine, due: number) => {
      const asking = ask(line, due)
        .then(() => {
          const next = ending ? undefined : waiting.shift();
          if (next === undefined) free.push(line);
          else begin(line, next);
        }, fail)
        .finally(() => busyLines.delete(asking));
      busyLines.add(asking);
    };
    const began = performance.now();
    for (let sent = 0; !ending; await sleep(TICK_MS)) {
      const now = performance.now();
      for (const due = ((now - began) * rate) / 1_000; sent < due; sent += 1) {
        const line = free.pop();
        if (line === undefined) waiting.push(now);
        else begin(line, now);
      }
    }
    await Promise.all(busyLines);
  }
}
