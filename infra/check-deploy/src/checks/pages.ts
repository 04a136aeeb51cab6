import { posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as textOf } from 'mdast-util-to-string';
import { visit } from 'unist-util-visit';
import type { Check } from '../check.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { fields } from '../shape.js';

/** Commands that may name files or folders of this repository. */
const COMMANDS = /(?:docker compose|kubectl|k6 run|promtool)[^`\n]*/g;
const COMMAND_PATH = /(?<![\w./-])(?:infra|k8s|grafana|docker-compose)[\w./-]*[\w/]/g;
/** A command in a container of a service, such as `exec deploy/ingest -- node bundle/ads-main.js`. */
const CONTAINER_COMMAND = /exec (?:-\S+ )*deploy\/(\w+) -- node bundle\/([\w-]+)\.js/g;
/** Inline code that is the path of a file: with an extension of ours, or below a folder of ours. */
const FILE_NAME =
  /^(?:[\w@.-]+\/)*[\w@.-]+\.(?:ts|mjs|js|sql|lua|md|ya?ml|conf|sh|json)$|^(?:packages|services|infra|k8s|grafana|\.github)\/[\w@./-]*$/;
const BUILT = /(?:^|\/)(?:dist|bundle|node_modules)\//;
const ELSEWHERE = /^[a-z][a-z+.-]*:/i;

/** The commands, links and file names in pages must exist. */
export const pages: Check = {
  name: 'commands, links and file names of the pages',
  run: (repository) => repository.files('.', /\.md$/).flatMap((file) => checkPage(repository, file)),
};

function checkPage(repository: Repository, file: string): Problem[] {
  const problems: Problem[] = [];
  visit(fromMarkdown(repository.text(file)), (node) => {
    const first = node.position?.start.line ?? 1;
    for (const { line, message } of checkNode(repository, file, node)) {
      problems.push({ file, line: first + line, message });
    }
  });
  return problems;
}

/** @returns problems with their line, counted from the first line of the node */
function checkNode(repository: Repository, file: string, node: Nodes): Pick<Problem, 'line' | 'message'>[] {
  const here = (messages: readonly string[]) => messages.map((message) => ({ line: 0, message }));
  if (node.type === 'link') return here(checkLink(repository, file, node.url));
  if (node.type === 'inlineCode') {
    return here([...checkFileName(repository, file, node.value), ...checkCommands(repository, node.value)]);
  }
  if (node.type !== 'code') return [];
  // The first line of a code block is its fence.
  return node.value
    .split('\n')
    .flatMap((text, index) => checkCommands(repository, text).map((message) => ({ line: index + 1, message })));
}

function checkLink(repository: Repository, file: string, url: string): string[] {
  if (ELSEWHERE.test(url)) return [];
  const [path = '', anchor] = url.split('#', 2);
  const target = path === '' ? file : posix.join(posix.dirname(file), path);
  if (!repository.has(target)) return [`the link ${url} names a file that does not exist`];
  const isMissing = anchor !== undefined && !anchorsOf(repository.text(target)).has(anchor);
  return isMissing ? [`the link ${url} names a heading that does not exist`] : [];
}

/** The anchors of the headings of a page. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  visit(fromMarkdown(page), 'heading', (heading) => {
    anchors.add(slugger.slug(textOf(heading)));
  });
  return anchors;
}

/** Looks for a file in the root, in the folder of the page, and in `src` and `test` below that folder. */
function checkFileName(repository: Repository, file: string, name: string): string[] {
  if (!FILE_NAME.test(name) || BUILT.test(name)) return [];
  const folder = posix.dirname(file);
  const places = [name, posix.join(folder, name), posix.join(folder, 'src', name), posix.join(folder, 'test', name)];
  return places.some((place) => repository.has(place)) ? [] : [`no file ${name} exists`];
}

function checkCommands(repository: Repository, text: string): string[] {
  const scripts = fields(JSON.parse(repository.text('package.json')), 'scripts');
  const asked = [...text.matchAll(/npm (?:run )?([\w:-]+)/g)].filter(
    ([whole, name = '']) => whole.startsWith('npm run ') || ['start', 'test'].includes(name),
  );
  const paths = [...text.matchAll(COMMANDS)].flatMap(([command]) => command.match(COMMAND_PATH) ?? []);
  return [
    ...asked
      .filter(([, name = '']) => scripts[name] === undefined)
      .map(([whole]) => `${whole}: package.json has no such script`),
    ...paths.filter((path) => !repository.has(path)).map((path) => `${path} does not exist`),
    ...[...text.matchAll(CONTAINER_COMMAND)]
      .filter(([, service, program]) => !repository.has(`services/${service}/src/${program}.ts`))
      .map(([, service, program]) => `the image of ${service} has no bundle/${program}.js`),
  ];
}
