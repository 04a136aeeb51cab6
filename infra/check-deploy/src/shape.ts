/*
 * Readers of parsed files of any shape. A value that is missing or of another type is read as empty.
 */

export type Path = readonly (string | number)[];

/** The value at a path of keys and indexes; undefined if there is none. */
export function at(value: unknown, ...path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}

export function fields(value: unknown, ...path: Path): Readonly<Record<string, unknown>> {
  const found = at(value, ...path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
}

export function items(value: unknown, ...path: Path): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Text, and numbers as text; empty for everything else. */
export function text(value: unknown, ...path: Path): string {
  const found = at(value, ...path);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}

/** A value with its path. */
export interface Place {
  readonly path: Path;
  readonly value: unknown;
}

/** The values at a path in which `*` stands for every index or key, and a list of keys for each of them. */
export function placesAt(root: unknown, ...pattern: readonly (string | number | readonly string[])[]): Place[] {
  let places: Place[] = [{ path: [], value: root }];
  for (const step of pattern) {
    places = places.flatMap(({ path, value }) => {
      const keys =
        step === '*' ? (Array.isArray(value) ? [...value.keys()] : Object.keys(fields(value))) : [step].flat();
      return keys.map((key) => ({ path: [...path, key], value: at(value, key) }));
    });
  }
  return places.filter(({ value }) => value !== undefined);
}

/** The matches of a global pattern in a text, each with its line; the first line is 1. */
export function matchesIn(source: string, pattern: RegExp): { readonly groups: string[]; readonly line: number }[] {
  return [...source.matchAll(pattern)].map((match) => ({
    groups: match.map((group) => group ?? ''),
    line: source.slice(0, match.index).split('\n').length,
  }));
}
