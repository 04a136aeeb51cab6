import { join } from 'node:path';
import type { Check } from '../check.js';
import type { Problem } from '../problem.js';
import { findNatsServer } from '../tools.js';

const FOLDER = 'infra/nats';
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
export const natsServer: Check = {
  name: 'nats-server -t',
  async run(repository) {
    const tool = await findNatsServer(VARIABLES);
    if ('missing' in tool) return { problems: [], skipped: [tool.missing] };
    const problems: Problem[] = [];
    for (const file of repository.files(FOLDER, /\.conf$/)) {
      const { code, output } = await tool.run(['-t', '-c', join(repository.root, file)], { cwd: repository.root });
      if (code !== 0) problems.push({ file, line: lineIn(output), message: output.trim().replace(/\s+/g, ' ') });
    }
    return { problems };
  },
};

function lineIn(output: string): number {
  const [, line = '1'] = /\.conf:(\d+)/.exec(output) ?? [];
  return Number(line);
}
