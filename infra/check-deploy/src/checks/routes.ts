import { ALL_ENDPOINTS, API_PREFIX, ENDPOINTS } from '@ads/contract';
import { UPSTREAMS, upstreamOf } from '@ads/local';
import type { Check } from '../check.js';
import { baseManifests } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { defaultOf } from '../service-variables.js';
import { matchesIn, placesAt, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

export const UPSTREAMS_FILE = 'infra/gateway/upstreams.conf';

const pathsOf = (isPublic: boolean) =>
  ALL_ENDPOINTS.filter((endpoint) => endpoint.isPublic === isPublic).map(({ path }) => path);

const { analytics, metrics } = ENDPOINTS;
/** Public paths, a path below one of them, and a longer path with the same beginning. */
const PUBLIC = [...pathsOf(true), `${analytics.path}/`, `${analytics.path}/anything`, `${analytics.path}ts`];
/** Paths that must not be public: the management endpoints, and public paths in the wrong case. */
const PRIVATE = [...pathsOf(false), `${metrics.path}/`, '/Ads', '/Ads/Analytics', '/Health'];

/** The service that a path is routed to, and the line of the route; no service where the response is 404. */
type Route = (path: string) => { service?: string; line: number };

/** Checks that nginx, the Ingress and the HTTPRoute route like the gateway of `npm start`, and do not expose management endpoints. */
export const routes: Check = {
  name: 'routes',
  run: (repository) => [
    ...checkNginx(repository),
    ...checkUpstreams(repository),
    ...checkIngresses(repository),
    ...checkGatewayApi(repository),
  ],
};

function compare(file: string, route: Route): Problem[] {
  const problems = ['', API_PREFIX].flatMap((prefix) => [
    ...PUBLIC.map((path) => ({ path: `${prefix}${path}`, expected: upstreamOf(`${prefix}${path}`) as string })),
    ...PRIVATE.map((path) => ({ path: `${prefix}${path}`, expected: 'no service' })),
  ]);
  return problems.flatMap(({ path, expected }) => {
    const { service = 'no service', line } = route(path);
    if (service === expected) return [];
    return [{ file, line, message: `${path} is routed to ${service}; it should be routed to ${expected}` }];
  });
}

/** The route of a path in nginx: the first matching expression of `map $uri $service`. */
function checkNginx(repository: Repository): Problem[] {
  const file = 'infra/gateway/routes.conf';
  const source = repository.text(file);
  const [start] = matchesIn(source, /^map \$uri \$service \{/gm);
  const table = matchesIn(source, /^ +~(\*?)(\S+) +([a-z]*);/gm).map(({ groups, line }) => {
    const [, star, expression = '', service = ''] = groups;
    return { expression: new RegExp(expression, star === '*' ? 'i' : ''), service, line };
  });
  return compare(file, (path) => table.find(({ expression }) => expression.test(path)) ?? { line: start?.line ?? 1 });
}

/** Checks that each upstream of the gateway has the port that the service listens on, and follows its replicas. */
function checkUpstreams(repository: Repository): Problem[] {
  const file = UPSTREAMS_FILE;
  const servers = matchesIn(repository.text(file), /^ +server (\w+):(\d+)(.*);/gm);
  return servers.flatMap(({ groups: [, name, port, parameters = ''], line }) => {
    if (!/ resolve\b/.test(parameters)) {
      return [{ file, line, message: `keeps the first addresses of ${name}: add the parameter resolve` }];
    }
    const service = UPSTREAMS.find((one) => one === name);
    const listensOn = service && String(defaultOf(service, 'HTTP_PORT'));
    if (port === listensOn || service === undefined) return [];
    return [
      { file, line, message: `sends requests for ${service} to port ${port}; the service listens on ${listensOn}` },
    ];
  });
}

/** A path of an Ingress or of an HTTPRoute. */
interface PathRule {
  readonly path: string;
  readonly isExact: boolean;
  readonly service: string;
  readonly line: number;
}

function checkIngresses(repository: Repository): Problem[] {
  return baseManifests(repository)
    .filter(({ kind }) => kind === 'Ingress')
    .flatMap(({ document }) =>
      comparePaths(
        document,
        placesAt(document.value, 'spec', 'rules', '*', 'http', 'paths', '*').map(({ path, value }) => ({
          path: text(value, 'path'),
          isExact: text(value, 'pathType') === 'Exact',
          service: text(value, 'backend', 'service', 'name'),
          line: document.lineOf(path),
        })),
      ),
    );
}

function checkGatewayApi(repository: Repository): Problem[] {
  return repository.yaml('k8s/components/gateway-api/http-route.yaml').documents.flatMap((document) => [
    ...comparePaths(
      document,
      placesAt(document.value, 'spec', 'rules', '*').flatMap(({ path, value: rule }) =>
        placesAt(rule, 'matches', '*', 'path').map(({ path: match, value }) => ({
          path: text(value, 'value'),
          isExact: text(value, 'type') === 'Exact',
          service: text(rule, 'backendRefs', 0, 'name'),
          line: document.lineOf([...path, ...match]),
        })),
      ),
    ),
    ...placesAt(document.value, 'spec', 'rules', '*', 'backendRefs', '*').flatMap(({ path, value }) => {
      const service = UPSTREAMS.find((name) => name === text(value, 'name'));
      const listensOn = service && String(defaultOf(service, 'HTTP_PORT'));
      if (text(value, 'port') === listensOn) return [];
      return [
        document.problem(
          [...path, 'port'],
          `routes to port ${text(value, 'port')}; ${service} listens on ${listensOn}`,
        ),
      ];
    }),
  ]);
}

/** Compares the routes of path rules: the longest one whose path elements match has precedence. */
function comparePaths(document: YamlDocument, rules: readonly PathRule[]): Problem[] {
  const byLength = rules
    .map((rule) => (rule.isExact ? rule : { ...rule, path: rule.path.replace(/\/$/, '') }))
    .toSorted((a, b) => b.path.length - a.path.length);
  const fits = (asked: string) => (rule: PathRule) =>
    rule.isExact ? asked === rule.path : asked === rule.path || asked.startsWith(`${rule.path}/`);
  return compare(document.file, (path) => byLength.find(fits(path)) ?? { line: document.lineOf(['spec', 'rules']) });
}
