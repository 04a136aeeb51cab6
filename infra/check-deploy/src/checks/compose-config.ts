import { toolCheck } from '../check.js';
import type { Problem } from '../problem.js';
import { findDockerCompose } from '../tools.js';
import type { YamlDocument } from '../yaml-file.js';
import { composeFiles } from './compose.js';

/** `docker compose config` accepts the Compose files. */
export const composeConfig = toolCheck('docker compose config', findDockerCompose, async (docker, repository) => {
  const problems: Problem[] = [];
  for (const file of composeFiles(repository)) {
    const args = ['compose', '--file', file, 'config', '--quiet'];
    const { code, output } = await docker(args, { cwd: repository.root });
    if (code === 0) continue;
    const message = output.trim().split('\n').at(-1) ?? '';
    problems.push({ file, line: lineOf(message, repository.yaml(file).documents[0]), message });
  }
  return problems;
});

/** The message of Compose names a line (`line 12`) or a path (`services.ingest.ports`). */
function lineOf(message: string, document: YamlDocument | undefined): number {
  const [, line] = /\bline (\d+)/.exec(message) ?? [];
  if (line !== undefined) return Number(line);
  const [path = ''] = /\b(?:services|networks|volumes|secrets|configs)\.[\w.-]+/.exec(message) ?? [];
  return document?.lineOf(path.split('.')) ?? 1;
}
