import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@ads/local';
import { openRepository } from '../repository.js';
import { renewed } from './pins.js';

/** `npm run digests`: asks the registries and GitHub, and writes all files or none. */
try {
  const repository = openRepository(projectRoot);
  for (const [file, text] of await renewed(repository, fetch)) {
    const isChanged = !repository.has(file) || repository.text(file) !== text;
    if (isChanged) writeFileSync(join(projectRoot, file), text);
    console.log(`${file}: ${isChanged ? 'renewed' : 'up to date'}`);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
