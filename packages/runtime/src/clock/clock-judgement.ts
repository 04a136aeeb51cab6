/** How far a clock is ahead of a common reference, in milliseconds. */
export interface Difference {
  readonly value: number;
  /** Maximum error of the value. */
  readonly error: number;
}

/** The differences of the clocks from the same reference; undefined for a clock that has not been measured. */
export interface ClockDifferences {
  readonly host: Difference;
  readonly postgres: Difference | undefined;
  readonly nats: Difference | undefined;
}

/** The result of comparing the clocks. */
export interface ClockJudgement {
  /** `uncertain`: between the limits for `together` and `apart`, so that a reported skew does not flap. */
  readonly state: 'together' | 'uncertain' | 'apart';
  /** False if two clocks are too far apart to delete data by age. */
  readonly mayPrune: boolean;
  /** A sentence for operators: how far the clocks differ, and which one to set. */
  readonly detail: string;
}

/** A larger skew is a condition. */
const APART_MS = 2_000;
/** The condition ends below this limit. With one limit for both, it would flap. */
const TOGETHER_MS = 1_000;
/** A larger skew stops the deletion of data by age. */
const PRUNE_MS = 30_000;

const NAMES = { host: 'this host', postgres: 'Postgres', nats: 'NATS' } as const;
type ClockName = keyof typeof NAMES;

/**
 * Compares the clocks pairwise. If two of three agree, the detail names the third as the wrong one. That does not change
 * which clock the tracker follows.
 */
export function judgeClocks(differences: ClockDifferences): ClockJudgement {
  const known = (Object.keys(NAMES) as ClockName[]).flatMap((name) => {
    const difference = differences[name];
    return difference === undefined ? [] : [{ name, difference }];
  });
  const pairs = known.flatMap((one, index) =>
    known.slice(index + 1).map((other): Pair => {
      const ahead = one.difference.value - other.difference.value;
      // A slow response causes an error, not a skew.
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
  /** Minimum distance of the two clocks, after subtracting both errors. */
  readonly atLeast: number;
}

function inWords({ of: [one = 'host', other = 'host'], ahead }: Pair): string {
  const seconds = (Math.abs(ahead) / 1_000).toFixed(1);
  return `The clock of ${NAMES[one]} is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the clock of ${NAMES[other]}`;
}

/** @param compared number of compared pairs, including those that agree */
function remedy(apart: readonly Pair[], compared: number): string {
  const wrong = (Object.keys(NAMES) as ClockName[]).find(
    (name) => compared > 1 && apart.length === 2 && apart.every(({ of }) => of.includes(name)),
  );
  if (wrong === undefined) return 'Compare the clocks of these hosts with a time server.';
  return `The other two agree: set the clock of ${wrong === 'host' ? NAMES.host : `the host of ${NAMES[wrong]}`}.`;
}
