/** One line for each key on which the two do not agree; a missing key is worth `none`. */
export function differences<T>(
  what: string,
  wanted: ReadonlyMap<string, T>,
  found: ReadonlyMap<string, T>,
  none: T,
): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((key) => {
    const [should, is] = [wanted.get(key) ?? none, found.get(key) ?? none];
    return should === is ? [] : [`${what} ${key} should be ${should} and is ${is}`];
  });
}
