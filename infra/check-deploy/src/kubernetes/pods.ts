import { ENDPOINTS } from '@ads/contract';
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
import { defaultOf, programOf } from '../service-variables.js';
import { at, items, placesAt, text } from '../shape.js';
import { containersOf, type Manifest, type Rule } from './manifests.js';

const isNotTrue = (value: unknown) => value !== true;

/** The restricted profile of Kubernetes, for pods. */
const OF_PODS: readonly Requirement[] = [
  ['securityContext.runAsNonRoot', is(true), 'may run as root (runAsNonRoot: true)'],
  [
    'securityContext.seccompProfile.type',
    is('RuntimeDefault'),
    'may use every system call (seccompProfile: RuntimeDefault)',
  ],
  [
    'automountServiceAccountToken',
    is(false),
    'gets a token for the API of the cluster (automountServiceAccountToken: false)',
  ],
  ['hostNetwork', isNotTrue, 'shares the host (hostNetwork)'],
  ['hostPID', isNotTrue, 'shares the host (hostPID)'],
  ['hostIPC', isNotTrue, 'shares the host (hostIPC)'],
];

/** The restricted profile for containers, and their requests and limits. */
const OF_CONTAINERS: readonly Requirement[] = [
  ['securityContext.allowPrivilegeEscalation', is(false), 'may gain privileges (allowPrivilegeEscalation: false)'],
  [
    'securityContext.readOnlyRootFilesystem',
    is(true),
    'its root file system can be written (readOnlyRootFilesystem: true)',
  ],
  ['securityContext.capabilities.drop', includes('ALL'), 'has capabilities (drop: [ALL])'],
  ['resources.requests.cpu', isGiven, 'has no requests of cpu'],
  ['resources.requests.memory', isGiven, 'has no requests of memory'],
  ['resources.limits.memory', isGiven, 'has no limits of memory'],
];

/** Checks that every pod follows the restricted profile. */
export const secureContainers: Rule = function* ({ pod }) {
  if (pod === undefined) return;
  yield* findingsAt(pod.path, '', unmet(pod.spec, OF_PODS));
  for (const { path, value: container } of containersOf(pod)) {
    yield* findingsAt(path, nameOf(container), [...unmet(container, OF_CONTAINERS), ...sizeOf(container)]);
  }
};

/** Checks that the image of each container is pinned, and that its heap fits into its memory. */
function* sizeOf(container: unknown): Iterable<Finding> {
  const image = imageProblem(text(container, 'image'));
  if (image !== undefined) yield [['image'], image];
  const index = items(container, 'env').findIndex((variable) => text(variable, 'name') === 'NODE_OPTIONS');
  const heap = heapProblem(text(container, 'env', index, 'value'), text(container, 'resources', 'limits', 'memory'));
  if (heap !== undefined) yield [['env', index], heap];
}

/** Checks that containers mount only volumes of their pod. */
export const mountedVolumes: Rule = function* ({ value, pod }) {
  const volumes = [
    ...placesAt(pod?.spec, 'volumes', '*', 'name'),
    ...placesAt(value, 'spec', 'volumeClaimTemplates', '*', 'metadata', 'name'),
  ].map((volume) => String(volume.value));
  for (const { path, value: container } of containersOf(pod)) {
    for (const { path: mount, value: name } of placesAt(container, 'volumeMounts', '*', 'name')) {
      if (volumes.includes(String(name))) continue;
      yield [[...path, ...mount], `${nameOf(container)}mounts the volume ${name}, which the pod does not have`];
    }
  }
};

/** Checks that probes are cheap and use ports of their container. Checks ports, paths and shutdown time of our own services. */
export const services: Rule = function* ({ kind, pod }, all) {
  if (pod === undefined || ['Job', 'CronJob'].includes(kind)) return;
  for (const { path, value: container } of containersOf(pod, ['containers'])) {
    yield* findingsAt(path, nameOf(container), [...probesOf(container), ...ownServiceOf(container)]);
    const program = programOf(container);
    if (program === undefined || program === 'migrate') continue;
    const grace = Number(text(pod.spec, 'terminationGracePeriodSeconds') || 30);
    const drain = Number(settingOf(all, 'SHUTDOWN_GRACE_SECONDS') || 25);
    const before = Number(text(container, 'lifecycle', 'preStop', 'sleep', 'seconds') || 0);
    if (grace > drain + before) continue;
    const message = `is killed after ${grace} s, but preStop and SHUTDOWN_GRACE_SECONDS may take ${drain + before} s`;
    yield [[...pod.path, 'terminationGracePeriodSeconds'], message];
  }
};

function* probesOf(container: unknown): Iterable<Finding> {
  const ports = placesAt(container, 'ports', '*', ['name', 'containerPort']).map(({ value }) => String(value));
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    if (at(container, probe) === undefined) yield [[], `has no ${probe}`];
    const command = healthCheckProblem(JSON.stringify(items(container, probe, 'exec', 'command')));
    if (command !== undefined) yield [[probe, 'exec', 'command'], `${probe}: ${command}`];
    for (const { path, value: port } of placesAt(container, probe, ['httpGet', 'tcpSocket', 'grpc'], 'port')) {
      if (ports.includes(String(port))) continue;
      yield [path, `${probe} uses port ${port}, which the container does not have`];
    }
  }
}

function* ownServiceOf(container: unknown): Iterable<Finding> {
  const program = programOf(container);
  if (program === undefined || program === 'migrate') return;
  const port = items(container, 'ports').findIndex((one) => text(one, 'name') === 'http');
  const variable = items(container, 'env').find((one) => text(one, 'name') === 'HTTP_PORT');
  const expected = Number(text(variable, 'value') || defaultOf(program, 'HTTP_PORT'));
  const said = Number(text(container, 'ports', port, 'containerPort'));
  if (port < 0) yield [['ports'], 'has no port named http'];
  else if (said !== expected) {
    yield [['ports', port, 'containerPort'], `declares port ${said}, but listens on ${expected}`];
  }
  for (const [probe, path] of [
    ['livenessProbe', ENDPOINTS.live.path],
    ['readinessProbe', ENDPOINTS.ready.path],
  ] as const) {
    const asked = text(container, probe, 'httpGet', 'path');
    if (at(container, probe) === undefined || asked === path) continue;
    yield [[probe], `${probe} requests ${asked || 'no path'}; use ${path}`];
  }
}

/** A value in any ConfigMap; empty when there is none. */
function settingOf(all: readonly Manifest[], name: string): string {
  const maps = all.filter(({ kind }) => kind === 'ConfigMap');
  return maps.map(({ value }) => text(value, 'data', name)).find((value) => value !== '') ?? '';
}

function nameOf(container: unknown): string {
  return `container ${text(container, 'name')}: `;
}

function findingsAt(path: Finding[0], prefix: string, findings: Iterable<Finding>): Finding[] {
  return [...findings].map(([inner, message]) => [[...path, ...inner], `${prefix}${message}`]);
}
