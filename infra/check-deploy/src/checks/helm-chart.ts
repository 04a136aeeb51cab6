import { CHART } from '../chart/chart-files.js';
import { differences } from '../chart/differences.js';
import { toolCheck } from '../check.js';
import { baseManifests, type Manifest, manifestOf } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { findHelm, findKubectl, type Tool } from '../tools.js';
import { readYaml } from '../yaml-file.js';
import { checkAgainstApi } from './kubernetes-api.js';
import { checkManifests } from './kubernetes-rules.js';
import { checkConnections } from './postgres-connections.js';

const FILE = `${CHART}/Chart.yaml`;
const NAMESPACE = 'ads-metric-tracker';
const HOST = ['--set', 'host=ads.example.com'];
const DIGEST = `sha256:${'0'.repeat(64)}`;

/** An overlay, and the options with which the chart must render the same resources. */
const EQUALS: Readonly<Record<string, readonly string[]>> = {
  production: [...HOST, '--set', `images.registry=registry.example.com/${NAMESPACE}`],
  keda: [...HOST, '--set', `images.registry=registry.example.com/${NAMESPACE},keda.enabled=true`],
  dev: ['--values', `${CHART}/values-dev.yaml`],
};

/** Options whose manifests must follow our rules. Together they use every value that adds or removes a resource. */
const FOLLOWS_RULES: readonly (readonly string[])[] = [
  [
    'postgres.bundled=false,postgres.host=postgres.example.com',
    'redis.bundled=false,redis.host=redis.example.com',
    'nats.bundled=false,files=ads-files',
  ],
  [
    'keda.enabled=true,monitoring.enabled=true',
    'gateway.enabled=true,ingress.enabled=false',
    'ingest.maxReplicas=40,keda.maxReplicas=21',
  ],
  [
    `images.digests.ingest=${DIGEST},images.pullSecrets[0].name=registry`,
    'ingress.className=nginx,ingress.annotations.a=b',
    'nats.volumeGiB=3,nats.storageClass=fast,postgres.storageClass=fast',
    'ingest.maxReplicas=2,migrate.keep=true,migrate.sampleAds=true',
  ],
];

/** Options that the chart must refuse, with a part of its message. */
const REFUSED: readonly (readonly [options: readonly string[], says: string])[] = [
  [[], 'Set host'],
  [[...HOST, '--set', 'hots=ads.example.com'], 'hots'],
  [[...HOST, '--set', 'config.MAX_EXPORTS=4'], 'MAX_EXPORTS'],
  [[...HOST, '--set', 'postgres.bundled=false'], 'Set postgres.host'],
  [[...HOST, '--set', 'keda.enabled=true,nats.bundled=false'], 'keda.enabled needs'],
];

/** The chart renders the same resources as the overlays, and other values give manifests that follow our rules. */
export const helmChart = toolCheck('helm template', findHelm, async (helm, repository) => {
  const render = (options: readonly string[]) =>
    helm(['template', 'ads', CHART, '--namespace', NAMESPACE, ...options], { cwd: repository.root });
  const { code, output } = await helm(['lint', '--strict', CHART, ...HOST], { cwd: repository.root });
  const found = code === 0 ? [] : [problem(output)];
  const kubectl = findKubectl();
  for (const [overlay, options] of Object.entries(EQUALS)) {
    if ('missing' in kubectl) break;
    found.push(...(await compare(repository, kubectl.run, overlay, await render(options))));
  }
  for (const values of FOLLOWS_RULES) {
    found.push(...(await checkRendered(repository, await render([...HOST, '--set', values.join(',')]))));
  }
  for (const [options, says] of REFUSED) {
    const refused = await render(options);
    if (refused.code !== 0 && refused.output.includes(says)) continue;
    found.push(problem(`the values ${options.join(' ')} are not refused with "${says}"`));
  }
  return found;
});

type Rendered = Awaited<ReturnType<Tool>>;

async function compare(repository: Repository, kubectl: Tool, overlay: string, chart: Rendered): Promise<Problem[]> {
  if (chart.code !== 0) return [problem(chart.output)];
  const kustomize = await kubectl(['kustomize', `k8s/overlays/${overlay}`], { cwd: repository.root });
  if (kustomize.code !== 0) return [problem(kustomize.output)];
  const [actual, expected] = [chart, kustomize].map(({ output }) =>
    readYaml(FILE, output).documents.map(({ value }) => value),
  );
  return differences(actual ?? [], expected ?? []).map((difference) =>
    problem(`differs from ${overlay}: ${difference}`),
  );
}

async function checkRendered(repository: Repository, { code, output }: Rendered): Promise<Problem[]> {
  if (code !== 0) return [problem(output)];
  // A resource whose condition is false leaves an empty document.
  const documents = readYaml(FILE, output).documents.filter(({ value }) => value !== null);
  const rendered = documents.map(manifestOf);
  const secrets = baseManifests(repository).filter(({ kind }) => kind === 'Secret');
  const all: Manifest[] = [...rendered, ...secrets];
  return [
    ...(await checkAgainstApi([{ file: FILE, documents, whole: true }])),
    ...checkManifests(all),
    ...checkConnections(repository, all),
  ].map(({ line, message }) => problem(`${message} (line ${line} of the rendered manifests)`));
}

function problem(message: string): Problem {
  return { file: FILE, line: 1, message: message.trim().replace(/\s+/g, ' ') };
}
