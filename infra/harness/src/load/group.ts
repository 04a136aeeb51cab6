import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, HttpLine } from './http-line.js';
import { type MadeRequest, type RequestSettings, requestMaker } from './requests.js';

/** Connections that send requests of one kind, one at a time on each. */
export interface GroupSettings {
  readonly request: RequestSettings;
  /** The ports of the processes under load. Connections are assigned to them in turn. */
  readonly ports: readonly number[];
  readonly connections: number;
  /**
   * Requests per second of all connections together, sent without waiting for answers. By default each connection sends its next
   * request as soon as the previous one is answered.
   */
  readonly perSecond?: number;
  /** Uses a different client address for each request, and records the ids of accepted clicks and the sources of answers. */
  readonly traced?: boolean;
}

/** The answers since the last page. */
export interface Page {
  readonly seconds: number;
  readonly answered: number;
  /** The number of answers by status, or by source for traced analytics requests; `no answer` for a broken connection. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** One sentence for each refusal without `Retry-After`, and for each broken connection. */
  readonly faults: readonly string[];
  /** The clicks that were answered with 202; empty without tracing. */
  readonly accepted: readonly (readonly [id: string, adId: string])[];
  /** Response times in milliseconds, from the scheduled send time of a request to the last byte of its answer. */
  readonly p50: number;
  readonly p99: number;
}

/** A group that sends until it is stopped. */
export interface Group {
  page(): Page;
  /** Stops sending. Resolves when every request is answered, or after 10 s. */
  stop(): Promise<void>;
}

const FAULTS_KEPT = 20;
const AFTER_A_FAULT_MS = 100;
const TICK_MS = 1;
const LAST_ANSWERS_MS = 10_000;

export function startGroup({ request, ports, connections, perSecond, traced = false }: GroupSettings): Group {
  const make = requestMaker(request, traced);
  const lines = Array.from({ length: connections }, (_, line) => new HttpLine(ports[line % ports.length] ?? 0));
  let stopping = false;
  let page = newPage();

  async function send(line: HttpLine, due: number): Promise<void> {
    const made = make();
    try {
      const answer = await line.ask(made.text);
      page.answered += 1;
      page.times.record(Math.max(1, Math.round(1_000 * (performance.now() - due))));
      note(made, answer);
    } catch (error) {
      count('no answer');
      fault(`no answer: ${(error as Error).message}`);
      await sleep(AFTER_A_FAULT_MS);
    }
  }

  function note(made: MadeRequest, { status, retryAfter, body }: Answer): void {
    const source = traced && request.kind === 'get' && status === 200 ? /"source":"(\w+)"/.exec(body)?.[1] : undefined;
    count(source ?? String(status));
    if (traced && status === 202) page.accepted.push([made.id, made.adId]);
    if ((status === 503 || status === 429) && !retryAfter) fault(`${status} without Retry-After: ${body}`);
  }
  function count(outcome: string): void {
    page.outcomes[outcome] = (page.outcomes[outcome] ?? 0) + 1;
  }
  function fault(sentence: string): void {
    if (page.faults.length < FAULTS_KEPT) page.faults.push(sentence);
  }

  /** Closed loop: sends the next request as soon as the previous one is answered. */
  async function sendAtOnce(line: HttpLine): Promise<void> {
    while (!stopping) await send(line, performance.now());
  }

  /**
   * Open loop: sends the scheduled requests every millisecond. A request waits if every connection is busy, and this wait
   * counts as response time, so a stalled server is measured as slow. At most the requests of one second wait.
   */
  async function sendEvenly(rate: number): Promise<void> {
    const free = [...lines];
    const waiting: number[] = [];
    const busy = new Set<Promise<void>>();
    const begin = (line: HttpLine, due: number) => {
      const sending = send(line, due).then(() => {
        busy.delete(sending);
        const next = stopping ? undefined : waiting.shift();
        if (next === undefined) free.push(line);
        else begin(line, next);
      });
      busy.add(sending);
    };
    const began = performance.now();
    for (let sent = 0; !stopping; await sleep(TICK_MS)) {
      const now = performance.now();
      for (const due = ((now - began) * rate) / 1_000; sent < due; sent += 1) {
        const line = free.pop();
        if (line !== undefined) begin(line, now);
        else if (waiting.length < rate) waiting.push(now);
      }
    }
    await Promise.all(busy);
  }

  const sending = perSecond === undefined ? Promise.all(lines.map(sendAtOnce)) : sendEvenly(perSecond);

  return {
    page() {
      const { times, since, ...counts } = page;
      const percentile = (percent: number) => times.percentile(percent) / 1_000;
      page = newPage();
      return { ...counts, seconds: (performance.now() - since) / 1_000, p50: percentile(50), p99: percentile(99) };
    },
    async stop() {
      stopping = true;
      const late = sleep(LAST_ANSWERS_MS, 'late', { ref: false });
      if ((await Promise.race([sending, late])) === 'late') fault('some requests were not answered within 10 s');
      for (const line of lines) line.close();
    },
  };
}

function newPage() {
  return {
    since: performance.now(),
    answered: 0,
    outcomes: {} as Record<string, number>,
    faults: [] as string[],
    accepted: [] as [string, string][],
    times: createHistogram(),
  };
}
