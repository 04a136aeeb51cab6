import type { Check } from '../check.js';
import { generatedFiles } from '../generated-files.js';

/** Generated files are committed as code generates them. */
export const generated: Check = {
  name: 'generated files',
  run: (repository) => ({
    problems: [...generatedFiles()].flatMap(([file, expected]) => {
      const lines = repository.has(file) ? repository.text(file).split('\n') : [];
      const wanted = expected.split('\n');
      const first = Array.from({ length: Math.max(lines.length, wanted.length) }, (_, index) => index).find(
        (index) => lines[index] !== wanted[index],
      );
      return first === undefined ? [] : [{ file, line: first + 1, message: 'is not what `npm run generate` writes' }];
    }),
  }),
};
