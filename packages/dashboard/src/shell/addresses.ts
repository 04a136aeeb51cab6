/** The path of the page; the views are below it. */
export const BASE = '/dashboard';

/** @returns the segments of a path of this page; empty for another path */
export function segmentsOf(path: string): readonly string[] {
  const at = path.indexOf(BASE);
  if (at < 0) return [];
  const rest = path.slice(at + BASE.length).split('/');
  return rest.filter((segment) => segment !== '').map(decoded);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The address of a view. @param view such as `now`, or `ads` and an id */
export function addressOf(view: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const path = [BASE, ...view.map(encodeURIComponent)].join('/');
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}
