import type { Check } from '../check.js';
import { ruleFiles } from '../metrics.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { findPromtool } from '../tools.js';

const CONFIG = 'infra/monitoring/prometheus.yml';

/** Prometheus reads its configuration and its rules itself, and runs the tests of the rules. */
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
    // Tests of rules that can't be read would say the same again.
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

/** Where a failed test looks at the alert. */
function lineOfAlert(text: string, failure: string): number {
  const [, name] = /alertname: ?(\w+)/.exec(failure) ?? [];
  const index = name === undefined ? 0 : text.split('\n').findIndex((line) => line.endsWith(`alertname: ${name}`));
  return Math.max(index, 0) + 1;
}
