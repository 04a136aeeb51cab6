export const CHANGELOG = 'CHANGELOG.md';

const UNRELEASED = '## [Unreleased]';
const SECTION = /^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$/m;

/** The newest released version in a changelog, and its line; undefined if there is none. */
export function newestRelease(text: string): { readonly version: string; readonly line: number } | undefined {
  const found = SECTION.exec(text);
  if (found === null) return undefined;
  return { version: found[1] ?? '', line: text.slice(0, found.index).split('\n').length };
}

/** The changes that are not released yet, as Markdown. @throws Error if the changelog has no section for them */
export function unreleased(text: string): string {
  const start = text.indexOf(`${UNRELEASED}\n`);
  if (start < 0) throw new Error(`${CHANGELOG} has no section "${UNRELEASED}".`);
  const rest = text.slice(start + UNRELEASED.length);
  const end = rest.search(/^## \[/m);
  return (end < 0 ? rest : rest.slice(0, end)).trim();
}

/** Moves the unreleased changes to a section of their own. @param date such as 2026-11-27 */
export function releaseChanges(text: string, version: string, date: string): string {
  return text.replace(`${UNRELEASED}\n`, () => `${UNRELEASED}\n\n## [${version}] - ${date}\n`);
}
