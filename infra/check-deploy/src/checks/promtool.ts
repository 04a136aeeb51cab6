import type { Check } from '../check.js';
import { ruleFiles } from '../metrics.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { findPromtool } from '../tools.js';

const CONFIG = 'infra/monitoring/prometheus.yml';

/** promtool accepts the configuration and the rules of Prometheus, and the tests of the rules pass. */
export const promtool: Check = {
  name: 'promtool',
  async run(repository) {
    if (!repository.has(CONFIG)) return { problems: [] };
    const tool = await findPromtool();
    if ('missing' in tool) return { problems: [], skipped: [tool.missing] };
    const tests = repository.files('infra/monitoring/test/rules', /\.ya?ml$/);
    const ask = async (file: string, ...args: string[]): Promise<Problem[]> => {
      const { code, output } = await tool.run([...args, file], { cwd: repository.root });
      return code === 0 ? [] : [problemIn(repository, file, output)];
    };
    const problems = await ask(CONFIG, 'check', 'config', '--syntax-only');
    for (const file of ruleFiles(repository)) problems.push(...(await ask(file, 'check', 'rules')));
    // Tests of unreadable rules would only repeat the same problem.
    if (problems.length === 0) for (const file of tests) problems.push(...(await ask(file, 'test', 'rules')));
    return { problems };
  },
};

function problemIn(repository: Repository, file: string, output: string): Problem {
  const [, failure = output] = /FAILED:\s*([\s\S]*)/.exec(output) ?? [];
  const message = failure.replace(/\s+/g, ' ').trim();
  const [, line] = /(?:\bline |\.ya?ml: )(\d+)(?::|\b)/.exec(output) ?? [];
  return { file, line: Number(line ?? lineOfAlert(repository.text(file), failure)), message };
}

/** The line of the test that checks the alert. */
function lineOfAlert(text: string, failure: string): number {
  const [, name] = /alertname: ?(\w+)/.exec(failure) ?? [];
  const index = name === undefined ? 0 : text.split('\n').findIndex((line) => line.endsWith(`alertname: ${name}`));
  return Math.max(index, 0) + 1;
}
