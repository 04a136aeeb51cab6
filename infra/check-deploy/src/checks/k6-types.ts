import { join } from 'node:path';
import type { Check } from '../check.js';
import { typeErrors } from '../type-errors.js';

const FOLDER = 'infra/k6';

/** Checks the load tests against the types of k6. */
export const k6Types: Check = {
  name: 'types of the load tests',
  async run({ root }) {
    const errors = await typeErrors(join(root, FOLDER), ['--project', '.']);
    return errors.map(({ file, ...error }) => ({ file: `${FOLDER}/${file}`, ...error }));
  },
};
