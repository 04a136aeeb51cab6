/** Every path of an API answers with this before it, and without. */
export const API_PREFIX = '/api/v1';

export function withPrefix(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [`${API_PREFIX}${path}`, path]);
}
