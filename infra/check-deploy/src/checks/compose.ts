import type { Check } from '../check.js';
import { contentOf, effective, readDockerfile } from '../dockerfile.js';
import { healthCheckProblem } from '../health-checks.js';
import { imageProblem } from '../images.js';
import { heapProblem } from '../memory.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { namesReadBy, PROGRAMS, type Program } from '../service-variables.js';
import { at, fields, items, type Path, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/** Services whose ports are published. Everything else is reached through them or not at all. */
const PUBLISHED = ['gateway', 'prometheus', 'grafana'];
const PRODUCTION = 'docker-compose.prod.yaml';

/** Our own rules for Compose files. Docker Compose checks their format. */
export const compose: Check = {
  name: 'Compose files',
  run(repository) {
    const files = composeFiles(repository).map((file) => repository.yaml(file));
    return {
      problems: files.flatMap(({ documents, problems }) => [
        ...problems,
        ...documents.flatMap((document) => checkFile(repository, document)),
      ]),
    };
  },
};

export function composeFiles(repository: Repository): string[] {
  return repository.files('.', /^docker-compose\.[\w-]+\.yaml$/);
}

function checkFile(repository: Repository, document: YamlDocument): Problem[] {
  return [
    ...Object.keys(fields(document.value, 'services')).flatMap((name) => checkService(repository, document, name)),
    ...checkVariables(document),
  ];
}

function checkService(repository: Repository, document: YamlDocument, name: string): Problem[] {
  const { file, value } = document;
  const service = fields(value, 'services', name);
  const problems: Problem[] = [];
  const report = (path: Path, message: string) => {
    problems.push({ file, line: document.lineOf(['services', name, ...path]), message: `${name}: ${message}` });
  };

  const image = imageProblem(text(service.image));
  if (image !== undefined) report(['image'], image);
  if (!runsOnce(service) && !hasHealthCheck(repository, service)) report([], 'has no health check');
  const healthCheck = healthCheckProblem(JSON.stringify(at(service, 'healthcheck', 'test') ?? ''));
  if (healthCheck !== undefined) report(['healthcheck', 'test'], healthCheck);
  checkReferences(document, name, report);
  checkDependencies(repository, value, service, report);
  if (file === PRODUCTION) checkProduction(name, service, report);
  return problems;
}

type Report = (path: Path, message: string) => void;

/** A service that ends, such as the migrations; others wait for its end. */
function runsOnce(service: unknown): boolean {
  return ['no', 'on-failure'].includes(text(service, 'restart').split(':')[0] ?? '');
}

/** A health check is in the Compose file, or in the image that the service builds. */
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

/** Networks, volumes, secrets and configs that are named must be declared. */
function checkReferences({ value }: YamlDocument, name: string, report: Report): void {
  for (const kind of ['networks', 'volumes', 'secrets', 'configs'] as const) {
    const used = at(value, 'services', name, kind);
    const names = Array.isArray(used) ? used.map(nameOfReference) : Object.keys(fields(used));
    for (const [index, reference] of names.entries()) {
      if (reference === undefined || reference in fields(value, kind)) continue;
      report([kind, Array.isArray(used) ? index : reference], `${kind.slice(0, -1)} ${reference} is not declared`);
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

function checkDependencies(repository: Repository, file: unknown, service: unknown, report: Report): void {
  for (const [other, dependency] of Object.entries(fields(service, 'depends_on'))) {
    const path = ['depends_on', other];
    const needed = fields(file, 'services')[other];
    const condition = text(dependency, 'condition');
    if (needed === undefined) report(path, `depends on ${other}, which is no service`);
    else if (condition === 'service_healthy' && !hasHealthCheck(repository, needed)) {
      report(path, `waits for ${other} to be healthy, which has no health check`);
    } else if (condition === 'service_completed_successfully' && !runsOnce(needed)) {
      report(path, `waits for the end of ${other}, which is always started again`);
    }
  }
}

/**
 * Reports variables that no program reads: such a mistake has no other symptom. Programs may share a list; then one of them
 * must read each variable.
 */
function checkVariables({ file, value, lineOf }: YamlDocument): Problem[] {
  const given = Object.entries(fields(value, 'services')).flatMap(([service, settings]) => {
    const program = programOf(text(settings, 'image'));
    const environment = at(settings, 'environment');
    if (program === undefined) return [];
    const names = Array.isArray(environment)
      ? environment.map((line, index) => [index, String(line).split('=')[0] ?? ''] as const)
      : Object.keys(fields(environment)).map((name) => [name, name] as const);
    return names.map(([step, name]) => ({
      name,
      line: lineOf(['services', service, 'environment', step]),
      isRead: namesReadBy(program).has(name),
    }));
  });
  const unread = given.filter(
    ({ line, isRead }) => !isRead && !given.some((other) => other.line === line && other.isRead),
  );
  return [...new Map(unread.map(({ name, line }) => [line, { file, line, message: `nobody reads ${name}` }])).values()];
}

function programOf(image: string): Program | undefined {
  return PROGRAMS.find((program) => image.startsWith(`ads-metric-tracker/${program}:`));
}

function checkProduction(name: string, service: unknown, report: Report): void {
  if (at(service, 'read_only') !== true) report(['read_only'], 'its root file system can be written (read_only: true)');
  if (!items(service, 'cap_drop').includes('ALL')) report(['cap_drop'], 'has capabilities (cap_drop: [ALL])');
  if (!items(service, 'security_opt').includes('no-new-privileges:true')) {
    report(['security_opt'], 'may gain privileges (security_opt: [no-new-privileges:true])');
  }
  if (at(service, 'privileged') === true) report(['privileged'], 'is privileged');
  const memory = text(service, 'mem_limit') || text(service, 'deploy', 'resources', 'limits', 'memory');
  for (const [short, long] of [
    ['mem_limit', 'memory'],
    ['cpus', 'cpus'],
    ['pids_limit', 'pids'],
  ] as const) {
    const limit = text(service, short) || text(service, 'deploy', 'resources', 'limits', long);
    if (limit === '') report([], `has no limit of ${long} (${short})`);
  }
  const heap = heapProblem(text(service, 'environment', 'NODE_OPTIONS'), memory);
  if (heap !== undefined) report(['environment', 'NODE_OPTIONS'], heap);
  if (text(service, 'restart') === '') report(['restart'], 'does not say whether it is started again (restart)');
  for (const option of ['max-size', 'max-file']) {
    if (text(service, 'logging', 'options', option) === '') report(['logging'], `its log has no ${option}`);
  }
  if (items(service, 'ports').length > 0 && !PUBLISHED.includes(name)) {
    report(['ports'], `is published; only ${PUBLISHED.join(', ')} are`);
  }
  if (Object.keys(fields(service, 'networks')).length + items(service, 'networks').length === 0) {
    report(['networks'], 'is on the default network, with everybody else');
  }
}
