import { toolCheck } from '../check.js';
import { copyGateway, GATEWAY_FOLDER } from '../gateway-files.js';
import type { Problem } from '../problem.js';
import { inScratchFolder } from '../scratch-folder.js';
import { findServerTool } from '../tools.js';

/** `nginx -t` accepts the configuration of the gateway. */
export const nginx = toolCheck(
  'nginx -t',
  () => findServerTool('nginx'),
  (run, repository) =>
    inScratchFolder(async (folder) => {
      const main = copyGateway(repository, folder, 1);
      const { code, output } = await run(['-t', '-q', '-e', 'stderr', '-p', folder, '-c', main], { cwd: folder });
      return code === 0 ? [] : problemsIn(output);
    }),
);

function problemsIn(output: string): Problem[] {
  const lines = output.split('\n').filter((line) => /\[(emerg|alert|crit|error)\]/.test(line));
  return (lines.length > 0 ? lines : [output.trim()]).map((text) => {
    const [, message = text, file = 'nginx.conf', line = '1'] =
      /\] (?:\d+#\d+: )?(.*?)(?: in \S*?([\w.-]+):(\d+))?$/.exec(text) ?? [];
    return { file: `${GATEWAY_FOLDER}/${file}`, line: Number(line), message };
  });
}
