import { generatedFiles } from '@ads/dashboards';
import type { Check } from '../check.js';

/** Dashboards, and the rules as Kubernetes takes them, are committed as they are written by code. */
export const generated: Check = {
  name: 'generated files',
  run: (repository) => ({
    problems: [...generatedFiles()].flatMap(([file, expected]) => {
      const lines = repository.has(file) ? repository.text(file).split('\n') : [];
      const wanted = expected.split('\n');
      const first = Array.from({ length: Math.max(lines.length, wanted.length) }, (_, index) => index).find(
        (index) => lines[index] !== wanted[index],
      );
      return first === undefined ? [] : [{ file, line: first + 1, message: 'is not what `npm run dashboards` writes' }];
    }),
  }),
};
