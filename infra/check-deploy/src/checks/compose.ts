import { yamlCheck } from '../check.js';
import {
  type Finding,
  healthCheckProblem,
  heapProblem,
  imageProblem,
  includes,
  is,
  isGiven,
  type Requirement,
  unmet,
} from '../containers.js';
import { contentOf, effective, readDockerfile } from '../dockerfile.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { namesReadBy, programOf } from '../service-variables.js';
import { at, fields, items, placesAt, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/** The services whose ports are published. All other services are reachable only through them. */
const PUBLISHED = ['gateway', 'prometheus', 'grafana'];

/** Requirements for every service in production. */
const IN_PRODUCTION: readonly Requirement[] = [
  ['read_only', is(true), 'its root file system can be written (set read_only: true)'],
  ['cap_drop', includes('ALL'), 'has capabilities (cap_drop: [ALL])'],
  ['security_opt', includes('no-new-privileges:true'), 'may gain privileges (security_opt: [no-new-privileges:true])'],
  ['privileged', (value) => value !== true, 'is privileged'],
  ['restart', isGiven, 'has no restart policy (set restart)'],
  ['logging.options.max-size', isGiven, 'its log has no max-size'],
  ['logging.options.max-file', isGiven, 'its log has no max-file'],
  [
    'networks',
    (value) => placesAt(value, '*').length > 0,
    'is on the default network with all other services (set networks)',
  ],
];

/** The limits of a service, in the short and in the long form. */
const LIMITS = { mem_limit: 'memory', cpus: 'cpus', pids_limit: 'pids' } as const;

/** Our own rules for Compose files. Docker Compose checks their format. */
export const compose = yamlCheck('Compose files', composeFiles, (document, repository) => [
  ...Object.entries(fields(document.value, 'services')).flatMap(([name, service]) =>
    [
      ...generalRules(repository, service),
      ...declaredNames(document.value, service),
      ...dependencies(repository, document.value, service),
      ...(document.file === 'docker-compose.prod.yaml' ? productionRules(name, service) : []),
    ].map(([path, message]) => document.problem(['services', name, ...path], `${name}: ${message}`)),
  ),
  ...unreadVariables(document),
]);

export function composeFiles(repository: Repository): string[] {
  return repository.files('.', /^docker-compose\.[\w-]+\.yaml$/);
}

function* generalRules(repository: Repository, service: unknown): Iterable<Finding> {
  const image = imageProblem(text(service, 'image'));
  if (image !== undefined) yield [['image'], image];
  if (!runsOnce(service) && !hasHealthCheck(repository, service)) yield [[], 'has no health check'];
  const healthCheck = healthCheckProblem(JSON.stringify(at(service, 'healthcheck', 'test') ?? ''));
  if (healthCheck !== undefined) yield [['healthcheck', 'test'], healthCheck];
}

/** True for a service that ends, such as the migrations. Other services wait for its end. */
function runsOnce(service: unknown): boolean {
  return ['no', 'on-failure'].includes(text(service, 'restart').split(':')[0] ?? '');
}

/** True if the Compose file or the image that the service builds has a health check. */
function hasHealthCheck(repository: Repository, service: unknown): boolean {
  if (at(service, 'healthcheck', 'disable') === true) return false;
  if (at(service, 'healthcheck', 'test') !== undefined) return true;
  const dockerfile = dockerfileOf(service);
  if (dockerfile === undefined || !repository.has(dockerfile)) return false;
  const { stages } = readDockerfile(repository.text(dockerfile));
  const stage = stages.find(({ name }) => name === text(service, 'build', 'target'));
  const check = stage && effective(stages, stage, 'HEALTHCHECK');
  return check !== undefined && contentOf(check) !== 'NONE';
}

/** Path of the Dockerfile from the root of the repository; undefined for a service that builds no image. */
export function dockerfileOf(service: unknown): string | undefined {
  if (at(service, 'build') === undefined) return undefined;
  return text(service, 'build', 'dockerfile') || 'Dockerfile';
}

/** Checks that all networks, volumes, secrets and configs that a service names are declared. */
function* declaredNames(file: unknown, service: unknown): Iterable<Finding> {
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) {
    for (const { path, value } of placesAt(service, kind, '*')) {
      const name = Array.isArray(at(service, kind)) ? nameOfReference(value) : String(path[1]);
      if (name === undefined || name in fields(file, kind)) continue;
      yield [path, `${kind.slice(0, -1)} ${name} is not declared`];
    }
  }
}

/** The name of a reference; undefined for a path of the host or an unnamed volume. */
function nameOfReference(reference: unknown): string | undefined {
  if (typeof reference === 'string') {
    const [source = ''] = reference.split(':');
    return /^[./~$]/.test(source) ? undefined : source;
  }
  if (['bind', 'tmpfs'].includes(text(reference, 'type'))) return undefined;
  return text(reference, 'source') || undefined;
}

function* dependencies(repository: Repository, file: unknown, service: unknown): Iterable<Finding> {
  for (const [other, dependency] of Object.entries(fields(service, 'depends_on'))) {
    const path = ['depends_on', other];
    const needed = at(file, 'services', other);
    const condition = text(dependency, 'condition');
    if (needed === undefined) yield [path, `depends on ${other}, which is not a service`];
    else if (condition === 'service_healthy' && !hasHealthCheck(repository, needed)) {
      yield [path, `waits until ${other} is healthy, but ${other} has no health check`];
    } else if (condition === 'service_completed_successfully' && !runsOnce(needed)) {
      yield [path, `waits for the end of ${other}, but ${other} is always restarted`];
    }
  }
}

function* productionRules(name: string, service: unknown): Iterable<Finding> {
  yield* unmet(service, IN_PRODUCTION);
  const limitOf = (short: keyof typeof LIMITS) =>
    text(service, short) || text(service, 'deploy', 'resources', 'limits', LIMITS[short]);
  for (const short of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    if (limitOf(short) === '') yield [[], `has no limit of ${LIMITS[short]} (${short})`];
  }
  if (limitOf('mem_limit') !== text(service, 'memswap_limit')) {
    yield [['memswap_limit'], 'may use swap (set memswap_limit to mem_limit)'];
  }
  const heap = heapProblem(text(service, 'environment', 'NODE_OPTIONS'), limitOf('mem_limit'));
  if (heap !== undefined) yield [['environment', 'NODE_OPTIONS'], heap];
  if (items(service, 'ports').length > 0 && !PUBLISHED.includes(name)) {
    yield [['ports'], `is published; only ${PUBLISHED.join(', ')} may be`];
  }
}

/**
 * Reports variables that no program reads, because such a mistake has no other symptom. If several programs share a list of
 * variables, one of them must read each variable.
 */
function unreadVariables({ file, value, lineOf }: YamlDocument): Problem[] {
  const given = Object.entries(fields(value, 'services')).flatMap(([service, settings]) => {
    const program = programOf(settings);
    if (program === undefined) return [];
    return placesAt(settings, 'environment', '*').map(({ path, value: variable }) => {
      const step = path[1];
      const name = typeof step === 'number' ? (String(variable).split('=')[0] ?? '') : String(step);
      return { name, line: lineOf(['services', service, ...path]), isRead: namesReadBy(program).has(name) };
    });
  });
  const read = new Set(given.filter(({ isRead }) => isRead).map(({ line }) => line));
  const unread = new Map(given.filter(({ line }) => !read.has(line)).map(({ line, name }) => [line, name]));
  return [...unread].map(([line, name]) => ({ file, line, message: `no program reads ${name}` }));
}
