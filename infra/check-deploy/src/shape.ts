/*
 * Readers of parsed files of any shape. A value that is missing or of another type is read as empty.
 */

export type Path = readonly (string | number)[];

/** The value at a path of keys and indexes; undefined where there is none. */
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
