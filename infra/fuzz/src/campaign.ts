import { Agent } from 'node:http';
import { Journal } from '@ads/harness';
import fc from 'fast-check';
import { mostUsed, readCpu } from './check/cpu.js';
import { enter } from './check/journal.js';
import { judge, type Problem } from './check/judge.js';
import type { FuzzStack } from './fuzz-stack.js';
import { bombs } from './generate/bombs.js';
import { quickRequests, slowRequests } from './generate/families.js';
import { repeats } from './generate/repeats.js';
import { type FuzzRequest, show } from './generate/request.js';
import type { Outcome } from './send/answer.js';
import { sendFramed } from './send/send-framed.js';
import { sendRaw } from './send/send-raw.js';
import { weigh } from './weigh.js';

/** Number of concurrent requests: those that are answered at once, and those that wait for a timeout. */
const QUICK_LANES = 48;
const SLOW_LANES = 192;
/** The share of requests that wait for a timeout of the server. */
const SLOW_SHARE = 0.08;
/** The share of ordinary requests whose CPU is measured, beside one request of each generator in `bombs` and `repeats`. */
const WEIGHED_SHARE = 0.1;
/** Longer than any limit of a server: the gateway gives a request 30 s, and checks every 5 s. */
const TIMEOUT_MS = 40_000;
/** Shorter than the gateway keeps an idle connection, so that no request meets a connection that is being closed. */
const IDLE_CONNECTION_MS = 2_000;
/** Attempts to make a failing request smaller; each one sends it again. */
const SHRINKS = 150;

/** A broken promise, and the smallest request that was found to break it. */
export interface Violation extends Problem {
  readonly request: string;
  /** Parameters of fast-check that repeat the request. */
  readonly replay: string;
}

/** Sends requests, and counts their outcomes. */
export class Campaign {
  readonly journal = new Journal();
  readonly violations: Violation[] = [];
  /** Number of requests by family and outcome: a status, or the end of the connection. */
  readonly tally = new Map<string, Map<string, number>>();
  requests = 0;
  readonly #stack: FuzzStack;
  readonly #seed: number;
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });

  constructor(stack: FuzzStack, seed: number) {
    this.#stack = stack;
    this.#seed = seed;
  }

  /** Sends requests that the seed and the number of the part determine. Resolves when all have ended. */
  async play(part: number, requests: number): Promise<void> {
    const slow = Math.ceil(requests * SLOW_SHARE);
    await Promise.all([
      this.#drive(quickRequests, requests - slow, QUICK_LANES, part * 1_000),
      this.#drive(slowRequests, slow, SLOW_LANES, part * 1_000 + QUICK_LANES),
    ]);
  }

  /**
   * Measures the CPU time of requests: those of part `part` of `parts` of `repeats` and `bombs`, and a share of `requests`
   * others.
   */
  async weigh(part: number, parts: number, requests: number): Promise<void> {
    const others = Array.from({ length: Math.ceil(requests * WEIGHED_SHARE) }, () => quickRequests);
    const systematic = [...bombs, ...repeats];
    const generators = [...systematic.filter((_, index) => index % parts === part), ...others];
    const costly = await weigh(generators, Math.imul(this.#seed, 1_000_003) + part * 100_000, async (group) => {
      const before = await readCpu(this.#stack.services);
      await Promise.all(group.map((request) => this.#sendAndJudge(request)));
      return mostUsed(before, await readCpu(this.#stack.services));
    });
    for (const { sentence, request, replay } of costly) {
      this.violations.push({ what: 'costly', sentence, request: show(request), replay });
    }
  }

  /** Closes idle connections. */
  end(): void {
    this.#agent.destroy();
  }

  async #drive(requests: fc.Arbitrary<FuzzRequest>, count: number, lanes: number, firstLane: number): Promise<void> {
    const shares = Array.from({ length: lanes }, (_, lane) => Math.floor((count + lane) / lanes));
    await Promise.all(shares.map((share, lane) => this.#driveLane(requests, share, firstLane + lane)));
  }

  /** Sends requests one after the other. The first one that breaks a promise is made smaller and ends the sequence. */
  async #driveLane(requests: fc.Arbitrary<FuzzRequest>, count: number, lane: number): Promise<void> {
    if (count === 0) return;
    const seed = Math.imul(this.#seed, 1_000_003) + lane;
    let isShrinking = false;
    let worst: Problem[] = [];
    const property = fc.asyncProperty(fc.limitShrink(requests, SHRINKS), async (request) => {
      // Each smaller attempt would wait as long as this request.
      if (worst.some(({ what }) => what === 'hung')) return;
      const outcome = await this.#send(request);
      if (!isShrinking) this.#count(request, outcome);
      const problems = judge(request, outcome);
      if (problems.length === 0) return;
      isShrinking = true;
      worst = problems;
      throw new Error(problems[0]?.sentence);
    });
    const { failed, counterexample, counterexamplePath } = await fc.check(property, { seed, numRuns: count });
    if (!failed) return;
    const [found] = counterexample ?? [];
    const request = found === undefined ? '(not known)' : show(found);
    const replay = `seed ${seed}, path ${counterexamplePath}`;
    this.violations.push(...worst.map((problem) => ({ ...problem, request, replay })));
  }

  /** Sends one request outside of a sequence. Keeps the first request with each kind of problem, without making it smaller. */
  async #sendAndJudge(request: FuzzRequest): Promise<void> {
    const outcome = await this.#send(request);
    this.#count(request, outcome);
    for (const problem of judge(request, outcome)) {
      const isKnown = this.violations.some(
        ({ what, sentence }) => what === problem.what && sentence === problem.sentence,
      );
      if (!isKnown) this.violations.push({ ...problem, request: show(request), replay: 'measured' });
    }
  }

  /** Sends a request, and adds its outcome to the journal. */
  async #send(request: FuzzRequest): Promise<Outcome> {
    const port = this.#stack.portOf(request.to);
    const outcome =
      request.form === 'raw'
        ? await sendRaw(request, port, TIMEOUT_MS)
        : await sendFramed(request, port, this.#agent, TIMEOUT_MS);
    enter(this.journal, request, outcome);
    return outcome;
  }

  #count({ family }: FuzzRequest, { state, answers }: Outcome): void {
    this.requests += 1;
    const ofFamily = this.tally.get(family) ?? new Map<string, number>();
    this.tally.set(family, ofFamily);
    const outcomes = [...answers.map(({ status }) => String(status)), ...(state === 'answered' ? [] : [state])];
    for (const outcome of outcomes) ofFamily.set(outcome, (ofFamily.get(outcome) ?? 0) + 1);
  }
}
