import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, HttpLine } from '@ads/harness';
import { type MadeRequest, makeRequest, type RequestKind } from './requests.js';

/** Connections that send one kind of requests. */
export interface GroupSettings {
  readonly kind: RequestKind;
  /** Of the processes that are asked, in turn. */
  readonly ports: readonly number[];
  readonly adIds: readonly string[];
  readonly connections: number;
  /** Requests a second of all connections together; undefined: as many as are answered. */
  readonly perSecond?: number;
}

/** What was answered since the page before. */
export interface Page {
  /** By status, with the source of an analytics answer; or how the connection ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Refusals that don't say when to come again, and connections that broke. */
  readonly faults: readonly string[];
  /** Clicks that were answered with 202: id and ad. */
  readonly accepted: readonly (readonly [id: string, adId: string])[];
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

/** A group that sends until it is stopped. */
export interface Group {
  page(): Page;
  /** Resolves when everything that was sent is answered. */
  stop(): Promise<void>;
}

const FAULTS_KEPT = 20;
const AFTER_A_FAULT_MS = 100;

export function startGroup({ kind, ports, adIds, connections, perSecond }: GroupSettings): Group {
  let stopping = false;
  // Each group has addresses of its own.
  let index = Math.floor(Math.random() * 2 ** 24);
  let { outcomes, faults, accepted, times } = emptyPage();

  const note = (made: MadeRequest, { status, saysWhen, body }: Answer): void => {
    const outcome = kind === 'question' && status === 200 ? (/"source":"(\w+)"/.exec(body)?.[1] ?? '?') : `${status}`;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (status === 202) accepted.push([made.id, made.adId]);
    else if ((status === 503 || status === 429) && !saysWhen) fault(`${status} without Retry-After: ${body}`);
  };
  const fault = (sentence: string): void => {
    if (faults.length < FAULTS_KEPT) faults.push(sentence);
  };

  async function send(line: HttpLine): Promise<void> {
    index += 1;
    const made = makeRequest(kind, index, adIds);
    const since = performance.now();
    try {
      const answer = await line.ask(made.text);
      times.record(Math.max(1, Math.round(1_000 * (performance.now() - since))));
      note(made, answer);
    } catch (error) {
      outcomes['no answer'] = (outcomes['no answer'] ?? 0) + 1;
      fault(`no answer: ${(error as Error).message}`);
      await sleep(AFTER_A_FAULT_MS);
    }
  }

  async function sendAll(port: number): Promise<void> {
    const line = new HttpLine(port);
    const pause = perSecond === undefined ? 0 : (1_000 * connections) / perSecond;
    if (pause > 0) await sleep(Math.random() * pause);
    for (let next = performance.now(); !stopping; next = Math.max(next + pause, performance.now() - pause)) {
      if (next > performance.now()) await sleep(next - performance.now());
      await send(line);
    }
    line.close();
  }
  const sending = Promise.all(
    Array.from({ length: connections }, (_, line) => sendAll(ports[line % ports.length] ?? 0)),
  );

  return {
    page() {
      const milliseconds = (percentile: number) => times.percentile(percentile) / 1_000;
      const page = {
        outcomes,
        faults,
        accepted,
        p50: milliseconds(50),
        p99: milliseconds(99),
        slowest: times.max / 1_000,
      };
      ({ outcomes, faults, accepted, times } = emptyPage());
      return page;
    },
    async stop() {
      stopping = true;
      await sending;
    },
  };
}

function emptyPage() {
  return {
    outcomes: {} as Record<string, number>,
    faults: [] as string[],
    accepted: [] as [string, string][],
    times: createHistogram(),
  };
}
