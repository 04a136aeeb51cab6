import { imageProblem } from '../images.js';
import { heapProblem } from '../memory.js';
import { at, fields, items, text } from '../shape.js';
import type { PodTemplate } from './manifests.js';
import type { PodReport } from './report.js';

/** A pod keeps to the restricted profile of Kubernetes. */
export function checkPodSecurity({ spec }: PodTemplate, report: PodReport): void {
  if (at(spec, 'securityContext', 'runAsNonRoot') !== true) {
    report(['securityContext', 'runAsNonRoot'], 'may run as root (runAsNonRoot: true)');
  }
  if (text(spec, 'securityContext', 'seccompProfile', 'type') !== 'RuntimeDefault') {
    report(['securityContext', 'seccompProfile'], 'may use every system call (seccompProfile: RuntimeDefault)');
  }
  if (spec.automountServiceAccountToken !== false) {
    report(
      ['automountServiceAccountToken'],
      'gets a token for the API of the cluster (automountServiceAccountToken: false)',
    );
  }
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) {
    if (spec[field] === true) report([field], `shares the host (${field})`);
  }
}

/** A container keeps to the restricted profile, and has requests and limits. */
export function checkContainer(container: unknown, report: PodReport): void {
  const image = imageProblem(text(container, 'image'));
  if (image !== undefined) report(['image'], image);
  const security = fields(container, 'securityContext');
  if (security.allowPrivilegeEscalation !== false) {
    report(['securityContext', 'allowPrivilegeEscalation'], 'may gain privileges (allowPrivilegeEscalation: false)');
  }
  if (security.readOnlyRootFilesystem !== true) {
    report(
      ['securityContext', 'readOnlyRootFilesystem'],
      'its root file system can be written (readOnlyRootFilesystem: true)',
    );
  }
  if (!items(security, 'capabilities', 'drop').includes('ALL')) {
    report(['securityContext', 'capabilities'], 'has capabilities (drop: [ALL])');
  }
  for (const [kind, resource] of [
    ['requests', 'cpu'],
    ['requests', 'memory'],
    ['limits', 'memory'],
  ] as const) {
    if (text(container, 'resources', kind, resource) === '') report(['resources'], `has no ${kind} of ${resource}`);
  }
  const index = items(container, 'env').findIndex((variable) => text(variable, 'name') === 'NODE_OPTIONS');
  const heap = heapProblem(text(container, 'env', index, 'value'), text(container, 'resources', 'limits', 'memory'));
  if (heap !== undefined) report(['env', index], heap);
}
