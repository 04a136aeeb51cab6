import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '@ads/local';
import { generatedFiles } from './checks/generated.js';
import { openRepository } from './repository.js';

/** `npm run generate`: writes every committed file that code generates. */
for (const [path, text] of generatedFiles(openRepository(projectRoot))) {
  mkdirSync(dirname(join(projectRoot, path)), { recursive: true });
  writeFileSync(join(projectRoot, path), text);
  console.log(path);
}
