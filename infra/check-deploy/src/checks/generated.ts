import { generatedFiles as monitoringFiles } from '@ads/monitoring';
import { chartFiles } from '../chart/chart-files.js';
import type { Check } from '../check.js';
import { CONFIGURATION_PAGE, configurationPage } from '../configuration-page.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';

/** The text of every committed file that code generates, by its path in the project. */
export function generatedFiles(repository: Repository): ReadonlyMap<string, string> {
  return new Map([...otherFiles(), ...chartFiles(repository)]);
}

function otherFiles(): ReadonlyMap<string, string> {
  return new Map([...monitoringFiles(), [CONFIGURATION_PAGE, configurationPage()]]);
}

/** Checks that the committed generated files are up to date. The templates of the chart have a check of their own. */
export const generated: Check = {
  name: 'generated files',
  run: (repository) => outdatedFiles(repository, otherFiles()),
};

export function outdatedFiles(repository: Repository, files: ReadonlyMap<string, string>): Problem[] {
  return [...files].flatMap(([file, expected]) => {
    const text = repository.has(file) ? repository.text(file) : '';
    if (text === expected) return [];
    const wanted = expected.split('\n');
    const differs = text.split('\n').findIndex((line, index) => line !== wanted[index]);
    return [{ file, line: differs < 0 ? wanted.length : differs + 1, message: 'is outdated: run `npm run generate`' }];
  });
}
