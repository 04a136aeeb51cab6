/** Characters of the long texts: at this length what is quadratic takes 30 ms or more, and what is linear some 30 µs. */
export const LONG = 8_000;
/** Far from both. CPU time, so other processes do not count; the least of three, so a garbage collection does not either. */
export const BUDGET_MS = 10;

/** The CPU that `work` takes, in milliseconds: its first run if that stays below the budget, else the least of three. */
export function cpuMs(work: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3 && least > BUDGET_MS; run += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

/** Characters that a format of the API gives a meaning, and some that none does. */
export const MEANINGFUL = [...'0159aAfFTtZzeE+-:.,;/\\%_=&?"\'[]{}()<>!~|*^$@# \t\n\r\0\u00a0\u2028é\ud800'];

/** Whatever an expression forbids in the rest of a text is in here. */
const MISFIT = `${MEANINGFUL.join('')}\n!`;

const OTHERS_EVERY = 4;

/**
 * `text` with a run of each of its characters in its place, and of each of {@link MEANINGFUL} in every fourth: with its end,
 * and with another.
 */
export function* withRuns(text: string): Generator<string> {
  for (let at = 0; at <= text.length; at += 1) {
    const others = at % OTHERS_EVERY === 0 || at === text.length ? MEANINGFUL : [];
    for (const character of new Set([text.charAt(at), ...others])) {
      if (character === '') continue;
      const start = text.slice(0, at) + character.repeat(LONG);
      yield `${start}${text.slice(at)}`;
      yield `${start}${MISFIT}`;
    }
  }
}

/** A text as a failure shows it: runs as one character and how often it comes. */
export function shortly(text: string): string {
  return JSON.stringify(text.replace(/(.)\1{20,}/gsu, (run, character: string) => `${character}×${run.length}`));
}
