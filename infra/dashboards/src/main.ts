import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles, projectRoot } from '@ads/monitoring';

for (const [path, text] of generatedFiles()) writeFileSync(join(projectRoot, path), text);
