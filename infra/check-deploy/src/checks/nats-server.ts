import { join } from 'node:path';
import { toolCheck } from '../check.js';
import type { Problem } from '../problem.js';
import { findServerTool } from '../tools.js';

/** Values of the variables in the files, as a deployment sets them. */
const VARIABLES = {
  NATS_SERVER_NAME: 'nats-0',
  NATS_PASSWORD: '"secret"',
  NATS_CLUSTER_PASSWORD: '"secret"',
  ...Object.fromEntries(
    [0, 1, 2].map((index) => [`NATS_ROUTE_${index}`, `"nats://cluster:secret@nats-${index}:6222"`]),
  ),
};

/** `nats-server -t` accepts the settings. Included files are read with the file that includes them. */
export const natsServer = toolCheck(
  'nats-server -t',
  () => findServerTool('nats-server', VARIABLES),
  async (nats, repository) => {
    const problems: Problem[] = [];
    for (const file of repository.files('infra/nats', /\.conf$/)) {
      const { code, output } = await nats(['-t', '-c', join(repository.root, file)], { cwd: repository.root });
      const [, line = '1'] = /\.conf:(\d+)/.exec(output) ?? [];
      if (code !== 0) problems.push({ file, line: Number(line), message: output.trim().replace(/\s+/g, ' ') });
    }
    return problems;
  },
);
