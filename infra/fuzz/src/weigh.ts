import fc from 'fast-check';
import { CPU_BUDGET_MS } from './check/cpu.js';
import type { FuzzRequest } from './generate/request.js';

/** Requests that are measured together, and the CPU above which each of them is measured by itself. */
const GROUP = 10;
const GROUP_BUDGET_MS = 2 * CPU_BUDGET_MS;
/** Repetitions: a slow request is slow each time; a garbage collection or a read of the catalogue is not. */
const TRIES = 8;
const SHRINKS = 60;
/** Attempts to find a smaller request that is still too slow. */
const RUNS = 20;

/** Sends the requests. Returns the CPU time of the process that used the most, in milliseconds. */
type Measure = (requests: readonly FuzzRequest[]) => Promise<{ readonly name: string; readonly ms: number }>;

/** A request that takes more CPU than the limit. */
export interface Costly {
  readonly sentence: string;
  /** The smallest such request that was found. */
  readonly request: FuzzRequest;
  readonly replay: string;
}

/**
 * Sends one request of each generator, in small groups, and measures their CPU time, which a busy machine does not change.
 * If a group exceeds its limit, each of its requests is measured separately several times, and the minimum counts.
 *
 * @param measure sends requests while nothing else is sent
 * @returns the first request of each group that is too slow
 */
export async function weigh(
  generators: readonly fc.Arbitrary<FuzzRequest>[],
  seed: number,
  measure: Measure,
): Promise<Costly[]> {
  const found: Costly[] = [];
  for (let first = 0; first < generators.length; first += GROUP) {
    const group = generators.slice(first, first + GROUP).map((generator, index) => {
      const own = seed + first + index;
      return { generator, own, request: fc.sample(generator, { seed: own, numRuns: 1 })[0] as FuzzRequest };
    });
    if ((await measure(group.map(({ request }) => request))).ms <= GROUP_BUDGET_MS) continue;
    for (const { generator, own, request } of group) {
      const costly = await weighOne(request, measure);
      if (costly === undefined) continue;
      found.push(await smallest(generator, own, measure, { sentence: costly, request, replay: `seed ${own}` }));
      break;
    }
  }
  return found;
}

/** Measures one request. Returns a sentence if it is too slow, otherwise undefined. */
async function weighOne(request: FuzzRequest, measure: Measure): Promise<string | undefined> {
  let fastest = { name: '', ms: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const measured = await measure([request]);
    if (measured.ms <= CPU_BUDGET_MS) return undefined;
    if (measured.ms < fastest.ms) fastest = measured;
  }
  return `${fastest.name} worked ${fastest.ms.toFixed()} ms for one request; ${CPU_BUDGET_MS} ms are allowed`;
}

async function smallest(
  generator: fc.Arbitrary<FuzzRequest>,
  seed: number,
  measure: Measure,
  known: Costly,
): Promise<Costly> {
  let latest = known;
  const property = fc.asyncProperty(fc.limitShrink(generator, SHRINKS), async (request) => {
    const sentence = await weighOne(request, measure);
    if (sentence === undefined) return;
    latest = { ...latest, sentence };
    throw new Error(sentence);
  });
  const { counterexample, counterexamplePath } = await fc.check(property, { seed, numRuns: RUNS });
  const [request] = counterexample ?? [];
  return request === undefined ? known : { ...latest, request, replay: `seed ${seed}, path ${counterexamplePath}` };
}
