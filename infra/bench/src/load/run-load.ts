import { setTimeout as sleep } from 'node:timers/promises';
import { type GroupSettings, Load, type Page } from '@ads/harness';

export interface LoadSettings extends Omit<GroupSettings, 'ports' | 'traced'> {
  readonly port: number;
  /** The expected status. */
  readonly status: number;
  /** The number of requests that are sent before the measurement begins. */
  readonly warmSeconds: number;
  readonly seconds: number;
}

/** The measurement after the warm-up. */
export interface LoadResult {
  /** The number of answers per second. */
  readonly perSecond: number;
  /** Response times in milliseconds, from the scheduled send time of a request to the last byte of its answer. */
  readonly p50: number;
  readonly p99: number;
  /** The number of all answers, including those of the warm-up. */
  readonly answered: number;
  /** The share of a core that the load generator used, 0 to 1. Near 1, the load generator was the bottleneck. */
  readonly busy: number;
}

const LOOK_MS = 50;
const LATEST_ANSWER_MS = 10_000;

/** Runs one case in a separate thread. @throws Error if an answer has another status, or no request is answered */
export async function runLoad(settings: LoadSettings): Promise<LoadResult> {
  const { port, status, warmSeconds, seconds, ...group } = settings;
  const load = new Load([{ ...group, ports: [port] }]);
  const pages: Page[] = [];
  const turn = async (ask: () => Promise<Page[]>): Promise<Page> => {
    const [page] = (await ask()) as [Page];
    pages.push(page);
    return page;
  };
  // The first page arrives when the thread is running.
  await turn(() => load.page());
  await sleep(1_000 * warmSeconds);
  await turn(() => load.page());
  const cpu = process.cpuUsage();
  await sleep(1_000 * seconds);
  let measured = await turn(() => load.page());
  let elapsed = measured.seconds;
  // If all requests wait for one slow operation, such as the list of all ads, the measurement takes longer.
  for (let more = 0; measured.answered === 0 && more < LATEST_ANSWER_MS; more += LOOK_MS) {
    await sleep(LOOK_MS);
    measured = await turn(() => load.page());
    elapsed += measured.seconds;
  }
  const { user, system } = process.cpuUsage(cpu);
  await turn(() => load.stop());

  for (const { outcomes, faults } of pages) {
    const bad = Object.entries(outcomes).find(([outcome]) => outcome !== String(status));
    if (bad !== undefined)
      throw new Error(`${bad[1]} requests ended with ${bad[0]} instead of ${status}. ${faults[0] ?? ''}`);
    if (faults[0] !== undefined) throw new Error(faults[0]);
  }
  if (measured.answered === 0) throw new Error(`no request was answered in ${elapsed.toFixed(1)} s`);
  return {
    perSecond: measured.answered / elapsed,
    p50: measured.p50,
    p99: measured.p99,
    answered: pages.reduce((sum, { answered }) => sum + answered, 0),
    busy: (user + system) / 1e6 / elapsed,
  };
}

/** Each round runs all cases, every second round in reverse order, so that other load on the machine affects all cases. */
export function* inRounds<T>(cases: readonly T[], rounds: number): Generator<T> {
  for (let round = 0; round < rounds; round += 1) yield* round % 2 === 0 ? cases : [...cases].reverse();
}

/** Number of answers after which Node has compiled the hot code; before that, Express takes three times as long. */
const WARM_ANSWERS = 4_000;
const WARM_TURN_SECONDS = 1;
const MOST_WARM_TURNS = 4;

/** Warms a process up with this number of requests, or for four seconds. @returns the number of answers */
export async function warmUp(
  settings: Omit<LoadSettings, 'warmSeconds' | 'seconds' | 'perSecond'>,
  answers = WARM_ANSWERS,
): Promise<number> {
  let answered = 0;
  for (let turn = 0; turn < MOST_WARM_TURNS && answered < answers; turn += 1) {
    answered += (await runLoad({ ...settings, warmSeconds: 0, seconds: WARM_TURN_SECONDS })).answered;
  }
  return answered;
}
