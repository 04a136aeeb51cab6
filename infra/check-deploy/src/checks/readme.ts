import type { Check, Problem } from '../check.js';
import type { Repository } from '../repository.js';
import { fields } from '../shape.js';

const FILE = 'README.md';
/** Commands that name files or folders of ours. */
const COMMANDS = /(?:docker compose|kubectl|k6 run|promtool)[^`\n]*/g;
const PATH = /(?<![\w./-])(?:infra|k8s|grafana|docker-compose)[\w./-]*[\w/]/g;

/** The commands of the README are there to be run. */
export const readme: Check = {
  name: 'commands of the README',
  run: (repository) => ({
    problems: repository
      .text(FILE)
      .split('\n')
      .flatMap((line, index) =>
        checkLine(repository, line).map((message) => ({ file: FILE, line: index + 1, message })),
      ),
  }),
};

function checkLine(repository: Repository, line: string): Problem['message'][] {
  const scripts = fields(JSON.parse(repository.text('package.json')), 'scripts');
  const asked = [...line.matchAll(/npm (?:run )?([\w:-]+)/g)].filter(
    ([whole, name = '']) => whole.startsWith('npm run ') || ['start', 'test'].includes(name),
  );
  const paths = [...line.matchAll(COMMANDS)].flatMap(([command]) => command.match(PATH) ?? []);
  return [
    ...asked
      .filter(([, name = '']) => scripts[name] === undefined)
      .map(([whole]) => `${whole}: there is no such script`),
    ...paths.filter((path) => !repository.has(path)).map((path) => `${path} is not there`),
  ];
}
