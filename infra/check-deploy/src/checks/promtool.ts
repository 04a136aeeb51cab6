import { toolCheck } from '../check.js';
import { ruleFiles, ruleTests } from '../metrics.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { findPromtool } from '../tools.js';

/** promtool accepts the configuration and the rules of Prometheus, and the tests of the rules pass. */
export const promtool = toolCheck('promtool', findPromtool, async (run, repository) => {
  const ask = async (args: readonly string[], files: readonly string[]): Promise<Problem[]> => {
    const answers = files.map(async (file) => {
      const { code, output } = await run([...args, file], { cwd: repository.root });
      return code === 0 ? [] : [problemIn(repository, file, output)];
    });
    return (await Promise.all(answers)).flat();
  };
  const problems = [
    ...(await ask(['check', 'config', '--syntax-only'], ['infra/monitoring/prometheus.yml'])),
    ...(await ask(['check', 'rules'], ruleFiles(repository))),
  ];
  // If a rule file is unreadable, its tests would report the same problem again.
  return problems.length > 0 ? problems : ask(['test', 'rules'], ruleTests(repository));
});

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
