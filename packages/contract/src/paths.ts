/** Every path of the API answers with and without this prefix. */
export const API_PREFIX = '/api/v1';

export function withPrefix(paths: readonly string[]): string[] {
  return paths.flatMap((path) => [`${API_PREFIX}${path}`, path]);
}
