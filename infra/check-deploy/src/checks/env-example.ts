import type { Check } from '../check.js';
import { matchesIn } from '../shape.js';
import { composeFiles } from './compose.js';

const FILE = '.env.example';

/** Checks that `.env.example` lists exactly the variables of the Compose files, and that services can refuse default passwords. */
export const envExample: Check = {
  name: 'variables of the Compose files',
  run(repository) {
    const shown = matchesIn(repository.text(FILE), /^#? ?([A-Z][A-Z0-9_]*)=/gm).map(
      ({ groups: [, name = ''], line }) => ({
        name,
        line,
      }),
    );
    const used = composeFiles(repository).flatMap((file) =>
      matchesIn(repository.text(file).replace(/(^|[ \t])#.*/gm, ''), /(?<!\$)\$\{([A-Z][A-Z0-9_]*)(:?-[^$}]*)?/g).map(
        ({ groups: [, name = '', value = ''], line }) => ({ name, file, line, value }),
      ),
    );
    const isShown = new Set(shown.map(({ name }) => name));
    const isUsed = new Set(used.map(({ name }) => name));
    return [
      ...used
        .filter(({ name }, index) => used.findIndex((other) => other.name === name) === index && !isShown.has(name))
        .map(({ name, file, line }) => ({ file, line, message: `${name} is not in ${FILE}` })),
      ...used
        .filter(({ name, value }) => /(?<!GRAFANA_)PASSWORD$/.test(name) && !value.startsWith(':-placeholder-of-'))
        .map(({ name, file, line }) => ({
          file,
          line,
          message: `services accept the default of ${name} in production: begin it with placeholder-of-`,
        })),
      ...shown
        .filter(({ name }) => !isUsed.has(name))
        .map(({ name, line }) => ({ file: FILE, line, message: `no Compose file reads ${name}` })),
    ];
  },
};
