/** The median, minimum and maximum of a list of figures. */
export interface Summary {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** @throws Error if the list is empty */
export function summarise(figures: readonly number[]): Summary {
  const sorted = [...figures].sort((a, b) => a - b);
  const [minimum, maximum] = [sorted[0], sorted.at(-1)];
  if (minimum === undefined || maximum === undefined) throw new Error('Cannot summarise an empty list of figures');
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? maximum;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? minimum);
  return { median: (lower + upper) / 2, minimum, maximum };
}

/** Lists of figures by name, in the order in which the names were added. */
export class Figures {
  readonly #byName = new Map<string, number[]>();

  add(name: string, figure: number): void {
    const figures = this.#byName.get(name);
    if (figures === undefined) this.#byName.set(name, [figure]);
    else figures.push(figure);
  }

  /** @throws Error if no figure has this name */
  of(name: string): Summary {
    return summarise(this.#byName.get(name) ?? []);
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Returns table cells: the median, its spread. @throws Error if no figure has this name */
  cells(name: string): string[] {
    const summary = this.of(name);
    return [inFigures(summary.median), spreadOf(summary)];
  }

  /** Returns the medians as whole numbers. Each key is the name followed by `suffix`. */
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

  /** Returns table cells: the p50, its spread, the p99, its spread. @throws Error if no response time has this name */
  cells(name: string): string[] {
    return [this.#p50, this.#p99].flatMap((figures) => figures.cells(name));
  }

  /** Returns the figures `<name>_p50_ms` and `<name>_p99_ms`. */
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

/** Returns the distance of the minimum and the maximum from the median, as in `-3 +2 %`; empty if all figures are equal. */
export function spreadOf({ median, minimum, maximum }: Summary): string {
  if (minimum === maximum) return '';
  const percent = (figure: number) => Math.round((100 * (figure - median)) / median);
  return `${percent(minimum)} +${percent(maximum)} %`;
}
