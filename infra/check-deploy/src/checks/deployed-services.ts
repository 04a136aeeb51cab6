import { SERVICE_NAMES, UPSTREAMS } from '@ads/local';
import type { Check } from '../check.js';
import { readDockerfile } from '../dockerfile.js';
import { containersOf, type Manifest, manifestOf } from '../kubernetes/manifests.js';
import type { Repository } from '../repository.js';
import { programOf } from '../service-variables.js';
import { fields, placesAt } from '../shape.js';
import { UPSTREAMS_FILE } from './routes.js';

/** The names of the services that a file deploys. */
type NamesIn = (repository: Repository, file: string) => readonly string[];

/** A file that deploys services by name. */
interface DeployingFile {
  readonly file: string;
  /** The part that deploys a service. */
  readonly part: string;
  readonly names: NamesIn;
  /** True if the file needs only the services behind the gateway. */
  readonly isPublic?: boolean;
}

const MANIFESTS = 'k8s/base/kustomization.yaml';

/** All files that must contain a part for each service of the service table. */
const FILES: readonly DeployingFile[] = [
  {
    file: 'infra/docker/Dockerfile',
    part: 'target',
    names: (repository, file) => readDockerfile(repository.text(file)).stages.map(({ name }) => name),
  },
  {
    file: 'docker-compose.prod.yaml',
    part: 'Compose service with its image',
    names: (repository, file) =>
      Object.entries(fields(documentOf(repository, file), 'services'))
        .filter(([name, service]) => programOf(service) === name)
        .map(([name]) => name),
  },
  {
    file: MANIFESTS,
    part: 'Deployment with its image',
    names: manifestsThat(
      ({ kind, name, pod }) =>
        kind === 'Deployment' && containersOf(pod).some(({ value }) => programOf(value) === name),
    ),
  },
  { file: MANIFESTS, part: 'Service', names: manifestsThat(({ kind }) => kind === 'Service') },
  {
    file: 'k8s/base/60-ingress.yaml',
    part: 'path',
    isPublic: true,
    names: fieldsAt('spec', 'rules', '*', 'http', 'paths', '*', 'backend', 'service', 'name'),
  },
  { file: 'infra/gateway/routes.conf', part: 'path', isPublic: true, names: matches(/^\s*~\S+\s+(\w+);$/gm) },
  { file: UPSTREAMS_FILE, part: 'upstream', isPublic: true, names: matches(/^upstream (\w+) \{/gm) },
  { file: 'infra/monitoring/prometheus.yml', part: 'job', names: fieldsAt('scrape_configs', '*', 'job_name') },
  {
    file: 'k8s/overlays/monitoring/pod-monitor.yaml',
    part: 'value of the selector',
    names: fieldsAt('spec', 'selector', 'matchExpressions', '*', 'values', '*'),
  },
  {
    file: 'infra/monitoring/rules/processes.yml',
    part: 'absent() in ServiceDown',
    names: matches(/absent\(up\{job="(\w+)"\}\)/g),
  },
];

/** Each service of the table is built, deployed, routed to and scraped. */
export const deployedServices: Check = {
  name: 'services in the service table',
  run: (repository) =>
    FILES.flatMap(({ file, part, names, isPublic }) => {
      const present = names(repository, file);
      return (isPublic ? UPSTREAMS : SERVICE_NAMES)
        .filter((service) => !present.includes(service))
        .map((service) => ({ file, line: 1, message: `has no ${part} for the service ${service}` }));
    }),
};

function documentOf(repository: Repository, file: string): unknown {
  return repository.yaml(file).documents[0]?.value;
}

function fieldsAt(...pattern: readonly string[]): NamesIn {
  return (repository, file) => placesAt(documentOf(repository, file), ...pattern).map(({ value }) => String(value));
}

function matches(pattern: RegExp): NamesIn {
  return (repository, file) => [...repository.text(file).matchAll(pattern)].map(([, name = '']) => name);
}

/** The manifests that are both listed for Kustomize and linked in the folder `k8s`, so that both ways to apply them work. */
function manifestsThat(isWanted: (manifest: Manifest) => boolean): NamesIn {
  return (repository, file) =>
    fieldsAt('resources', '*')(repository, file)
      .filter((name) => repository.has(`k8s/base/${name}`) && repository.has(`k8s/${name}`))
      .flatMap((name) => repository.yaml(`k8s/base/${name}`).documents.map(manifestOf))
      .filter(isWanted)
      .map(({ name }) => name);
}
