import type { Check } from '../check.js';
import { baseManifests, containersOf, type Manifest, manifestOf } from '../kubernetes/manifests.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { defaultOf, type Program, programOf } from '../service-variables.js';
import { items, text } from '../shape.js';

const KEDA = 'k8s/overlays/keda/scaled-object.yaml';

/** During an update a new pod of each service starts while an old one may still finish its work. */
const PODS_OF_AN_UPDATE = 2;
/** The connection of the migration, and three that Postgres keeps for superusers (superuser_reserved_connections). */
const OTHER_CONNECTIONS = 1 + 3;

/** Checks that the pods of the largest deployment together open no more connections than Postgres allows. */
export const postgresConnections: Check = {
  name: 'connections to Postgres',
  run: (repository) =>
    checkConnections(repository, [
      ...baseManifests(repository),
      ...repository.yaml(KEDA).documents.map((document) => manifestOf(document)),
    ]),
};

/** @param all manifests of one cluster, with the scaler of each service */
export function checkConnections(repository: Repository, all: readonly Manifest[]): Problem[] {
  const services = all.filter(({ kind }) => kind === 'Deployment').map((one) => connectionsOf(repository, all, one));
  const unknown = services.flatMap(({ problem }) => problem ?? []);
  const needed = services.reduce((sum, one) => sum + one.pods * one.connections, OTHER_CONNECTIONS);
  return unknown.length > 0 ? unknown : checkServer(all, needed, services.map(({ words }) => words).join(', '));
}

interface Connections {
  readonly pods: number;
  readonly connections: number;
  readonly words: string;
  readonly problem?: Problem;
}

function connectionsOf(repository: Repository, all: readonly Manifest[], deployment: Manifest): Connections {
  const { name, pod } = deployment;
  const program = containersOf(pod).flatMap(({ value }) => programOf(value) ?? [])[0] ?? 'ingest';
  const pods = mostReplicas(all, deployment) + PODS_OF_AN_UPDATE;
  const connections = settingOf(all, program, 'POSTGRES_POOL_SIZE') + besidesThePool(repository, all, program);
  const words = `${pods} pods of ${name} with ${connections} each`;
  if (Number.isFinite(connections)) return { pods, connections, words };
  const file = catalogueFile(program);
  return { pods, connections, words, problem: { file, line: 1, message: 'declares no CATALOGUE_CONNECTIONS' } };
}

function mostReplicas(all: readonly Manifest[], { name, value }: Manifest): number {
  const most = all
    .filter(({ value: scaler }) => text(scaler, 'spec', 'scaleTargetRef', 'name') === name)
    .map(({ value: scaler }) => Number(text(scaler, 'spec', 'maxReplicas') || text(scaler, 'spec', 'maxReplicaCount')));
  return Math.max(Number(text(value, 'spec', 'replicas') || 1), ...most);
}

/** The connections of a process that do not belong to its pool. */
function besidesThePool(repository: Repository, all: readonly Manifest[], program: Program): number {
  // Counts per day are built on a connection of their own.
  if (program === 'consumer') return 1;
  const [, catalogue] = /^const CATALOGUE_CONNECTIONS = (\d+);$/m.exec(repository.text(catalogueFile(program))) ?? [];
  if (program === 'ingest') return Number(catalogue);
  // Exports of events, exports of reports, and half as many diagnostics.
  const exports = settingOf(all, program, 'MAX_EXPORTS');
  return Number(catalogue) + 2 * exports + Math.ceil(exports / 2);
}

function catalogueFile(program: Program): string {
  return `services/${program}/src/connections.ts`;
}

function settingOf(all: readonly Manifest[], program: Program, name: string): number {
  const set = all.map(({ kind, value }) => (kind === 'ConfigMap' ? text(value, 'data', name) : ''));
  return Number(set.find((value) => value !== '') ?? defaultOf(program, name));
}

function checkServer(all: readonly Manifest[], needed: number, words: string): Problem[] {
  return all.flatMap(({ document, pod }) =>
    containersOf(pod).flatMap(({ path, value }) =>
      items(value, 'args').flatMap((argument, index) => {
        const [, allowed] = /^-cmax_connections=(\d+)$/.exec(String(argument)) ?? [];
        if (allowed === undefined || Number(allowed) >= needed) return [];
        return [document.problem([...path, 'args', index], `${words}: Postgres needs max_connections of ${needed}`)];
      }),
    ),
  );
}
