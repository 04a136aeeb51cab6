/** How far a clock is ahead of a common one, in milliseconds. */
export interface Difference {
  readonly value: number;
  /** The true value is at most this far away. */
  readonly error: number;
}

/** The differences of some clocks from the same one; undefined where a clock is not known. */
export interface ClockDifferences {
  readonly host: Difference;
  readonly postgres: Difference | undefined;
  readonly nats: Difference | undefined;
}

/** The judgement about some clocks together. */
export interface ClockJudgement {
  /** `uncertain`: too far apart to be called together, and not far enough to be reported. */
  readonly state: 'together' | 'uncertain' | 'apart';
  /** False where any two of the clocks are so far apart that nothing may be deleted for its age. */
  readonly mayPrune: boolean;
  /** How far the clocks are apart, and which one is to be set. */
  readonly detail: string;
}

/** Beyond this a person must be told. */
const APART_MS = 2_000;
/** Below this it is over: a clock on the edge would otherwise be reported every second. */
const TOGETHER_MS = 1_000;
/** Beyond this nothing is deleted for its age. */
const PRUNE_MS = 30_000;

const NAMES = { host: 'this host', postgres: 'Postgres', nats: 'NATS' } as const;
type ClockName = keyof typeof NAMES;

/**
 * Compares each clock with each other. Of three the one that disagrees with two that agree is named as the wrong one;
 * whose clock is followed does not depend on it.
 */
export function judgeClocks(differences: ClockDifferences): ClockJudgement {
  const known = (Object.keys(NAMES) as ClockName[]).flatMap((name) => {
    const difference = differences[name];
    return difference === undefined ? [] : [{ name, difference }];
  });
  const pairs = known.flatMap((one, index) =>
    known.slice(index + 1).map((other): Pair => {
      const ahead = one.difference.value - other.difference.value;
      // The error of a slow answer is no skew.
      const atLeast = Math.abs(ahead) - one.difference.error - other.difference.error;
      return { of: [one.name, other.name], ahead, atLeast };
    }),
  );
  const largest = Math.max(0, ...pairs.map(({ atLeast }) => atLeast));
  const apart = pairs.filter(({ atLeast }) => atLeast > APART_MS);
  return {
    state: largest > APART_MS ? 'apart' : largest > TOGETHER_MS ? 'uncertain' : 'together',
    mayPrune: largest <= PRUNE_MS,
    detail:
      apart.length === 0 ? 'The clocks agree.' : `${apart.map(inWords).join('; ')}. ${remedy(apart, pairs.length)}`,
  };
}

interface Pair {
  readonly of: readonly ClockName[];
  /** How far the first clock is ahead of the second, in milliseconds. */
  readonly ahead: number;
  /** How far they are apart, without what the errors may account for. */
  readonly atLeast: number;
}

function inWords({ of: [one = 'host', other = 'host'], ahead }: Pair): string {
  const seconds = (Math.abs(ahead) / 1_000).toFixed(1);
  return `The clock of ${NAMES[one]} is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the clock of ${NAMES[other]}`;
}

/** @param compared how many pairs of clocks were compared, those that agree included */
function remedy(apart: readonly Pair[], compared: number): string {
  const wrong = (Object.keys(NAMES) as ClockName[]).find(
    (name) => compared > 1 && apart.length === 2 && apart.every(({ of }) => of.includes(name)),
  );
  if (wrong === undefined) return 'Compare the clocks of these hosts with a time server.';
  return `The other two agree: set the clock of ${wrong === 'host' ? NAMES.host : `the host of ${NAMES[wrong]}`}.`;
}
