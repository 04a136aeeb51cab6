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

  /** The medians as whole numbers, by the name and this suffix. */
  medians(suffix: string): Record<string, number> {
    return Object.fromEntries(this.names().map((name) => [`${name}${suffix}`, Math.round(this.of(name).median)]));
  }
}

/** Response times of several rounds by name, in milliseconds. */
export class Times {
  readonly #p50 = new Figures();
  readonly #p99 = new Figures();

  add(name: string, { p50, p99 }: { readonly p50: number; readonly p99: number }): void {
    this.#p50.add(name, p50);
    this.#p99.add(name, p99);
  }

  /** For a table: the p50, its spread, the p99, its spread. @throws Error when there are none by this name */
  cells(name: string): string[] {
    return [this.#p50, this.#p99].flatMap((figures) => {
      const summary = figures.of(name);
      return [inFigures(summary.median), spreadOf(summary)];
    });
  }

  /** `<name>_p50_ms` and `<name>_p99_ms`. */
  medians(): Record<string, number> {
    return Object.fromEntries(
      this.#p50.names().flatMap((name) => [
        [`${name}_p50_ms`, rounded(this.#p50.of(name).median)],
        [`${name}_p99_ms`, rounded(this.#p99.of(name).median)],
      ]),
    );
  }
}

/** Rounds to three significant digits, as in 26400 or 1.25. */
export function rounded(figure: number): number {
  return Number(figure.toPrecision(3));
}

export function inFigures(figure: number): string {
  return String(rounded(figure));
}

/** For a table: the least and the most as percentages of the median, as in `-3 +2 %`; empty if they are all the same. */
export function spreadOf({ median, least, most }: Summary): string {
  if (least === most) return '';
  const percent = (figure: number) => Math.round((100 * (figure - median)) / median);
  return `${percent(least)} +${percent(most)} %`;
}
