/** Length of long texts, at which quadratic work takes 30 ms or more, and linear work some 30 µs. */
export const LONG = 8_000;
/** The limit in ms, far from both. CPU time excludes other processes; the fastest of three runs excludes garbage collection. */
export const BUDGET_MS = 10;

/** The CPU time of `work` in milliseconds: of its first run if that is below the budget, otherwise the fastest of three. */
export function cpuMs(work: () => unknown): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3 && fastest > BUDGET_MS; run += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    fastest = Math.min(fastest, (user + system) / 1_000);
  }
  return fastest;
}

/** Characters with a meaning in some format of the API, and some without. */
export const MEANINGFUL = [...'0159aAfFTtZzeE+-:.,;/\\%_=&?"\'[]{}()<>!~|*^$@# \t\n\r\0\u00a0\u2028é\ud800'];

/** A text that contains characters that expressions forbid. */
const MISFIT = `${MEANINGFUL.join('')}\n!`;

const OTHERS_EVERY = 4;

/**
 * `text` with long runs: of each of its characters at its place, and of each of {@link MEANINGFUL} at every fourth place, each
 * with the rest of the text and with another end.
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

/** A text for an error message: each run is shown as its character and length. */
export function shortly(text: string): string {
  return JSON.stringify(text.replace(/(.)\1{20,}/gsu, (run, character: string) => `${character}×${run.length}`));
}
