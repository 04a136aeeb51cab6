import { ALL_ENDPOINTS, API_PREFIX, ENDPOINTS } from '@ads/contract';
import { UPSTREAMS, upstreamOf } from '@ads/local';
import type { Check } from '../check.js';
import { baseManifests } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { defaultOf } from '../service-variables.js';
import { items, text } from '../shape.js';

const pathsOf = (isPublic: boolean) =>
  ALL_ENDPOINTS.filter((endpoint) => endpoint.isPublic === isPublic).map(({ path }) => path);

const { analytics, metrics } = ENDPOINTS;
/** Public paths, and paths below and beside one of them. */
const PUBLIC = [...pathsOf(true), `${analytics.path}/`, `${analytics.path}/anything`, `${analytics.path}ts`];
/** Paths for operators only, and paths that no service has because their case differs. */
const PRIVATE = [...pathsOf(false), `${metrics.path}/`, '/Ads', '/Ads/Analytics', '/Health'];

/** The service that a path is routed to, and the line of the route; no service where the response is 404. */
type Route = (path: string) => { service?: string; line: number };

/** nginx and the Ingress route like the gateway of `npm start`, and do not expose the paths of operators. */
export const routes: Check = {
  name: 'routes',
  run: (repository) => ({ problems: [...checkNginx(repository), ...checkIngresses(repository)] }),
};

function compare(file: string, route: Route): Problem[] {
  const problems = ['', API_PREFIX].flatMap((prefix) => [
    ...PUBLIC.map((path) => ({ path: `${prefix}${path}`, expected: upstreamOf(`${prefix}${path}`) as string })),
    ...PRIVATE.map((path) => ({ path: `${prefix}${path}`, expected: 'nobody' })),
  ]);
  return problems.flatMap(({ path, expected }) => {
    const { service = 'nobody', line } = route(path);
    if (service === expected) return [];
    return [{ file, line, message: `${path} leads to ${service}; it should lead to ${expected}` }];
  });
}

/** In the `map $uri $service` of nginx the first matching expression decides. */
function checkNginx(repository: Repository): Problem[] {
  return repository.files('infra/gateway', /\.(conf|sh)$/).flatMap((file) => {
    const lines = repository.text(file).split('\n');
    const start = lines.findIndex((line) => /^\s*map\s+\$uri\s+\$service\s*\{/.test(line));
    if (start < 0) return checkUpstreams(file, lines);
    const table = lines.slice(start + 1, lines.indexOf('}', start)).flatMap((text, index) => {
      const [, star, expression, service = ''] = /^\s*~(\*?)(\S+)\s+([a-z]*);/.exec(text) ?? [];
      if (expression === undefined) return [];
      return [{ expression: new RegExp(expression, star === '*' ? 'i' : ''), service, line: start + 2 + index }];
    });
    return compare(file, (path) => table.find(({ expression }) => expression.test(path)) ?? { line: start + 1 });
  });
}

/** The port of a service in the gateway, as in `upstream ingest 8080`, is the one that the service listens on. */
function checkUpstreams(file: string, lines: readonly string[]): Problem[] {
  return lines.flatMap((text, index) => {
    const [, name, port] = /^\s*upstream (\w+) (\d+)/.exec(text) ?? [];
    const service = UPSTREAMS.find((one) => one === name);
    if (service === undefined) return [];
    const listensOn = defaultOf(service, 'HTTP_PORT');
    if (Number(port) === listensOn) return [];
    return [{ file, line: index + 1, message: `asks ${service} at port ${port}; it listens on ${listensOn}` }];
  });
}

/** In an Ingress the longest path that matches, element by element, decides. */
function checkIngresses(repository: Repository): Problem[] {
  return baseManifests(repository)
    .filter(({ kind }) => kind === 'Ingress')
    .flatMap(({ document }) => {
      const table = items(document.value, 'spec', 'rules').flatMap((rule, number) =>
        items(rule, 'http', 'paths').map((entry, index) => ({
          path: text(entry, 'path').replace(/\/$/, ''),
          isExact: text(entry, 'pathType') === 'Exact',
          service: text(entry, 'backend', 'service', 'name'),
          line: document.lineOf(['spec', 'rules', number, 'http', 'paths', index]),
        })),
      );
      const byLength = table.toSorted((a, b) => b.path.length - a.path.length);
      const fits = (asked: string) => (entry: { path: string; isExact: boolean }) =>
        entry.isExact ? asked === entry.path : asked === entry.path || asked.startsWith(`${entry.path}/`);
      return compare(
        document.file,
        (path) => byLength.find(fits(path)) ?? { line: document.lineOf(['spec', 'rules']) },
      );
    });
}
