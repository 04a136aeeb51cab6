import fc from 'fast-check';
import { CPU_BUDGET_MS } from './check/cpu.js';
import type { FuzzRequest } from './generate/request.js';

/** Requests that are measured together, and what they may take before each is measured by itself. */
const GROUP = 10;
const GROUP_BUDGET_MS = 2 * CPU_BUDGET_MS;
/** One that takes too long does so each time; a collection of garbage or a catalogue that is read does not. */
const TRIES = 8;
const SHRINKS = 60;
/** How often a generator is tried again, to find the smallest of what it makes that takes too long. */
const RUNS = 20;

/** The CPU of the process that worked most, for all of these requests together. */
type Measure = (requests: readonly FuzzRequest[]) => Promise<{ readonly name: string; readonly ms: number }>;

/** A request that takes more CPU than it may. */
export interface Costly {
  readonly sentence: string;
  /** The smallest that was found. */
  readonly request: FuzzRequest;
  readonly replay: string;
}

/**
 * Sends one request of each generator, in small groups, and measures the CPU that they take. CPU time, not time: a busy
 * machine raises no alarm. Where a group takes more than it may, each of its requests is measured by itself, several
 * times; the least counts.
 *
 * @param measure sends requests while nothing else is sent
 * @returns the first of each group that takes too long
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

/** The fault of a request by itself; undefined where there is none. */
async function weighOne(request: FuzzRequest, measure: Measure): Promise<string | undefined> {
  let least = { name: '', ms: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const measured = await measure([request]);
    if (measured.ms <= CPU_BUDGET_MS) return undefined;
    if (measured.ms < least.ms) least = measured;
  }
  return `${least.name} worked ${least.ms.toFixed()} ms for one request; ${CPU_BUDGET_MS} ms are allowed`;
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
