import type { Check } from '../check.js';
import { composeFiles } from './compose.js';

const FILE = '.env.example';

/** `.env.example` lists exactly the variables of the Compose files. Compose warns about each password that has a default. */
export const envExample: Check = {
  name: 'variables of the Compose files',
  run(repository) {
    const files = composeFiles(repository);
    if (files.length === 0) return { problems: [] };
    const lines = repository.has(FILE) ? repository.text(FILE).split('\n') : [];
    const shown = lines.flatMap((line, index) => {
      const [, name] = /^#? ?([A-Z][A-Z0-9_]*)=/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, line: index + 1 }];
    });
    const used = files.flatMap((file) =>
      repository
        .text(file)
        .split('\n')
        .flatMap((text, index) =>
          [...text.replace(/(^|\s)#.*/, '').matchAll(/(?<!\$)\$\{([A-Z][A-Z0-9_]*)(:?-[^$}])?/g)].map(
            ([, name = '', known]) => ({ name, file, line: index + 1, isKnown: known !== undefined }),
          ),
        ),
    );
    // Compose warns about a variable that has no default in one place.
    const warned = used.filter(({ isKnown }) => !isKnown).map(({ name, file }) => `${file} ${name}`);
    return {
      problems: [
        ...used
          .filter(({ name }, index) => used.findIndex((other) => other.name === name) === index)
          .filter(({ name }) => !shown.some((variable) => variable.name === name))
          .map(({ name, file, line }) => ({ file, line, message: `${name} is not in ${FILE}` })),
        ...used
          .filter(({ name, file, isKnown }) => isKnown && /PASSWORD$/.test(name) && !warned.includes(`${file} ${name}`))
          .map(({ name, file, line }) => ({ file, line, message: `${name} has a default, and nothing warns of it` })),
        ...shown
          .filter(({ name }) => !used.some((variable) => variable.name === name))
          .map(({ name, line }) => ({ file: FILE, line, message: `no Compose file asks for ${name}` })),
      ],
    };
  },
};
