import { SERVICE_NAMES, UPSTREAMS } from '@ads/local';
import type { Check } from '../check.js';
import { readDockerfile } from '../dockerfile.js';
import { manifestOf, podTemplateOf } from '../kubernetes/manifests.js';
import { programOf } from '../kubernetes/pod-environment.js';
import type { Repository } from '../repository.js';
import { fields, items, text } from '../shape.js';

/** A file that deploys services by name. */
interface Place {
  readonly file: string;
  /** The part that deploys a service. */
  readonly part: string;
  /** The names that the file deploys. */
  names(repository: Repository, file: string): readonly string[];
  /** Only the services behind the gateway are needed here. */
  readonly isPublic?: boolean;
}

const MANIFESTS = 'k8s/base/kustomization.yaml';

/** Every place in which a service of the table must be deployed. */
const PLACES: readonly Place[] = [
  {
    file: 'infra/docker/Dockerfile',
    part: 'target',
    names: (repository, file) => readDockerfile(repository.text(file)).stages.map(({ name }) => name),
  },
  {
    file: 'docker-compose.prod.yaml',
    part: 'Compose service with its image',
    names: (repository, file) =>
      Object.entries(fields(contentOf(repository, file), 'services')).flatMap(([name, service]) =>
        text(service, 'image').startsWith(`ads-metric-tracker/${name}:`) ? [name] : [],
      ),
  },
  {
    file: MANIFESTS,
    part: 'Deployment with its image',
    names: (repository) =>
      appliedManifests(repository)
        .filter(({ kind }) => kind === 'Deployment')
        .filter((manifest) =>
          items(podTemplateOf(manifest)?.spec, 'containers').some((one) => programOf(one) === manifest.name),
        )
        .map(({ name }) => name),
  },
  {
    file: MANIFESTS,
    part: 'Service',
    names: (repository) =>
      appliedManifests(repository)
        .filter(({ kind }) => kind === 'Service')
        .map(({ name }) => name),
  },
  {
    file: 'k8s/base/60-ingress.yaml',
    part: 'path',
    isPublic: true,
    names: (repository, file) =>
      items(contentOf(repository, file), 'spec', 'rules')
        .flatMap((rule) => items(rule, 'http', 'paths'))
        .map((path) => text(path, 'backend', 'service', 'name')),
  },
  {
    file: 'infra/gateway/routes.conf',
    part: 'path',
    isPublic: true,
    names: (repository, file) => matches(repository.text(file), /^\s*~\S+\s+(\w+);$/gm),
  },
  {
    file: 'infra/gateway/run.sh',
    part: 'upstream',
    isPublic: true,
    names: (repository, file) => matches(repository.text(file), /^\s*upstream (\w+) \d+/gm),
  },
  {
    file: 'infra/monitoring/prometheus.yml',
    part: 'job',
    names: (repository, file) =>
      items(contentOf(repository, file), 'scrape_configs').map((job) => text(job, 'job_name')),
  },
  {
    file: 'k8s/overlays/monitoring/pod-monitor.yaml',
    part: 'value of the selector',
    names: (repository, file) =>
      items(contentOf(repository, file), 'spec', 'selector', 'matchExpressions').flatMap((one) =>
        items(one, 'values').map(String),
      ),
  },
  {
    file: 'infra/monitoring/rules/processes.yml',
    part: 'absent() in ServiceDown',
    names: (repository, file) => matches(repository.text(file), /absent\(up\{job="(\w+)"\}\)/g),
  },
];

/** Each service of the table is built, deployed, routed to and scraped. */
export const deployedServices: Check = {
  name: 'services of the table',
  run: (repository) => ({ problems: missingServices(repository, SERVICE_NAMES, UPSTREAMS) }),
};

export function missingServices(
  repository: Repository,
  services: readonly string[],
  publicServices: readonly string[],
) {
  return PLACES.flatMap(({ file, part, names, isPublic }) => {
    const present = repository.has(file) ? names(repository, file) : [];
    return (isPublic ? publicServices : services)
      .filter((service) => !present.includes(service))
      .map((service) => ({ file, line: 1, message: `has no ${part} for the service ${service}` }));
  });
}

function contentOf(repository: Repository, file: string): unknown {
  return repository.yaml(file).documents[0]?.value;
}

/** The manifests that both ways of applying reach: listed for Kustomize, and linked in the folder `k8s`. */
function appliedManifests(repository: Repository) {
  return items(contentOf(repository, MANIFESTS), 'resources')
    .map(String)
    .filter((name) => repository.has(`k8s/base/${name}`) && repository.has(`k8s/${name}`))
    .flatMap((name) => repository.yaml(`k8s/base/${name}`).documents.map(manifestOf));
}

function matches(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map(([, name = '']) => name);
}
