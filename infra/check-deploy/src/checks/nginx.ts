import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '@ads/local';
import type { Check } from '../check.js';
import { copyGateway, GATEWAY_FOLDER } from '../gateway-files.js';
import type { Problem } from '../problem.js';
import { findNginx } from '../tools.js';

/** `nginx -t` accepts the configuration of the gateway. */
export const nginx: Check = {
  name: 'nginx -t',
  async run(repository) {
    const files = repository.files(GATEWAY_FOLDER, /\.conf$/);
    if (files.length === 0) return { problems: [] };
    const tool = await findNginx();
    if ('missing' in tool) return { problems: [], skipped: [tool.missing] };
    mkdirSync(localFolder, { recursive: true });
    const copy = mkdtempSync(join(localFolder, 'check-deploy-'));
    try {
      const main = copyGateway(repository, copy, 1);
      const args = ['-t', '-q', '-e', 'stderr', '-p', copy, '-c', main];
      const { code, output } = await tool.run(args, { cwd: copy });
      return { problems: code === 0 ? [] : problemsIn(output) };
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  },
};

function problemsIn(output: string): Problem[] {
  const lines = output.split('\n').filter((line) => /\[(emerg|alert|crit|error)\]/.test(line));
  return (lines.length > 0 ? lines : [output.trim()]).map((text) => {
    const [, message = text, file = 'nginx.conf', line = '1'] =
      /\] (?:\d+#\d+: )?(.*?)(?: in \S*?([\w.-]+):(\d+))?$/.exec(text) ?? [];
    return { file: `${GATEWAY_FOLDER}/${file}`, line: Number(line), message };
  });
}
