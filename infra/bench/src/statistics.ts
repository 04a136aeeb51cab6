/** The median of some figures, the least and the most. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** @throws Error when there is nothing to summarise */
export function summarise(figures: readonly number[]): Summary {
  const sorted = [...figures].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) throw new Error('There are no figures');
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? most;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? least);
  return { median: (lower + upper) / 2, least, most };
}

/** Figures by name, in the order in which the names were added. */
export class Figures {
  readonly #byName = new Map<string, number[]>();

  add(name: string, figure: number): void {
    const figures = this.#byName.get(name);
    if (figures === undefined) this.#byName.set(name, [figure]);
    else figures.push(figure);
  }

  /** @throws Error when there are none by this name */
  of(name: string): Summary {
    return summarise(this.#byName.get(name) ?? []);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }
}

/** Rounds to three significant digits, as in 26400 or 1.25. */
export function rounded(figure: number): number {
  return Number(figure.toPrecision(3));
}

/** For a table: `26400`, `1.25`. */
export function inFigures(figure: number): string {
  return String(rounded(figure));
}

/** For a table: the least and the most as percentages of the median, as in `-3 +2 %`; empty where they are all the same. */
export function spreadOf({ median, least, most }: Summary): string {
  if (least === most) return '';
  const percent = (figure: number) => Math.round((100 * (figure - median)) / median);
  return `${percent(least)} +${percent(most)} %`;
}
