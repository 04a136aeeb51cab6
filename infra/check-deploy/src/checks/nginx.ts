import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { localFolder } from '@ads/local';
import type { Check, Problem } from '../check.js';
import { findNginx } from '../tools.js';

const FOLDER = 'infra/gateway';
/** Stands in for the file that the gateway writes when it knows its replicas. */
const UPSTREAMS = ['ingest', 'analytics'].map((name) => `upstream ${name} { server 127.0.0.1:1; }\n`).join('');

/** nginx reads its configuration itself. */
export const nginx: Check = {
  name: 'nginx -t',
  async run(repository) {
    const files = repository.files(FOLDER, /\.conf$/);
    if (files.length === 0) return { problems: [] };
    const tool = await findNginx();
    if ('missing' in tool) return { problems: [], skipped: [tool.missing] };
    mkdirSync(localFolder, { recursive: true });
    const copy = mkdtempSync(join(localFolder, 'check-deploy-'));
    try {
      for (const file of files) {
        const path = join(copy, basename(file));
        cpSync(join(repository.root, file), path);
        // What it would write while it looks at its files, it writes here.
        const text = readFileSync(path, 'utf8').replaceAll(/ \/dev\/std(out|err)/g, ' /tmp/log');
        writeFileSync(path, text.replaceAll(' /tmp/', ` ${copy}/`));
      }
      writeFileSync(join(copy, 'upstreams.conf'), UPSTREAMS);
      const args = ['-t', '-q', '-e', 'stderr', '-p', copy, '-c', join(copy, 'nginx.conf')];
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
    return { file: `${FOLDER}/${file}`, line: Number(line), message };
  });
}
