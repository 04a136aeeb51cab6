import { ENDPOINTS } from '@ads/contract';
import { healthCheckProblem } from '../health-checks.js';
import { defaultOf } from '../service-variables.js';
import { at, items, text } from '../shape.js';
import { keysOf, settingOf } from './config.js';
import { type Manifest, type PodTemplate, podTemplateOf } from './manifests.js';
import { checkEnvironment, programOf } from './pod-environment.js';
import { checkContainer, checkPodSecurity } from './pod-security.js';
import type { PodReport, Report } from './report.js';

/** Rules for the pods of every workload. */
export function checkPods(manifests: readonly Manifest[], report: Report): void {
  for (const manifest of manifests) {
    const pod = podTemplateOf(manifest);
    if (pod === undefined) continue;
    const here: PodReport = (path, message) => report(manifest, [...pod.path, 'spec', ...path], message);
    checkPodSecurity(pod, here);
    for (const list of ['initContainers', 'containers'] as const) {
      for (const [index, container] of items(pod.spec, list).entries()) {
        const inContainer: PodReport = (path, message) =>
          here([list, index, ...path], `container ${text(container, 'name')}: ${message}`);
        checkContainer(container, inContainer);
        checkMounts(manifest, pod, container, inContainer);
        checkEnvironment(manifests, container, inContainer);
        const isService = list === 'containers' && ['Deployment', 'StatefulSet', 'DaemonSet'].includes(manifest.kind);
        if (isService) checkProbes(container, inContainer);
        if (isService) checkOwnService(manifests, pod, container, inContainer, here);
      }
    }
    checkVolumes(manifests, pod, here);
  }
}

function checkMounts({ document }: Manifest, { spec }: PodTemplate, container: unknown, report: PodReport): void {
  const volumes = [
    ...items(spec, 'volumes').map((volume) => text(volume, 'name')),
    ...items(document.value, 'spec', 'volumeClaimTemplates').map((claim) => text(claim, 'metadata', 'name')),
  ];
  for (const [index, mount] of items(container, 'volumeMounts').entries()) {
    const name = text(mount, 'name');
    if (!volumes.includes(name))
      report(['volumeMounts', index], `mounts the volume ${name}, which the pod does not have`);
  }
}

function checkVolumes(manifests: readonly Manifest[], { spec }: PodTemplate, report: PodReport): void {
  for (const [index, volume] of items(spec, 'volumes').entries()) {
    for (const [field, kind, nameField] of [
      ['configMap', 'ConfigMap', 'name'],
      ['secret', 'Secret', 'secretName'],
    ] as const) {
      const name = text(volume, field, nameField);
      if (name !== '' && keysOf(manifests, kind, name) === undefined) {
        report(['volumes', index], `holds the ${kind} ${name}, which is not there`);
      }
    }
  }
}

function checkProbes(container: unknown, report: PodReport): void {
  const ports = items(container, 'ports').map((port) => [text(port, 'name'), text(port, 'containerPort')]);
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
    if (at(container, probe) === undefined) report([], `has no ${probe}`);
    const command = healthCheckProblem(JSON.stringify(items(container, probe, 'exec', 'command')));
    if (command !== undefined) report([probe, 'exec', 'command'], `${probe}: ${command}`);
    for (const how of ['httpGet', 'tcpSocket', 'grpc']) {
      const port = text(container, probe, how, 'port');
      if (port !== '' && !ports.flat().includes(port)) {
        report([probe, how, 'port'], `${probe} asks at port ${port}, which the container does not have`);
      }
    }
  }
}

/** A service of ours declares its real port and probe paths, and gets enough time to shut down. */
function checkOwnService(
  manifests: readonly Manifest[],
  { spec }: PodTemplate,
  container: unknown,
  report: PodReport,
  reportPod: PodReport,
): void {
  const program = programOf(container);
  if (program === undefined || program === 'migrate') return;
  const port = items(container, 'ports').findIndex((one) => text(one, 'name') === 'http');
  const listensOn = text(
    items(container, 'env').find((one) => text(one, 'name') === 'HTTP_PORT'),
    'value',
  );
  const expected = listensOn === '' ? defaultOf(program, 'HTTP_PORT') : Number(listensOn);
  const said = Number(text(container, 'ports', port, 'containerPort'));
  if (port < 0) report(['ports'], 'has no port named http');
  else if (said !== expected) report(['ports', port, 'containerPort'], `says port ${said}, but listens on ${expected}`);

  for (const [probe, path] of [
    ['livenessProbe', ENDPOINTS.live.path],
    ['readinessProbe', ENDPOINTS.ready.path],
  ] as const) {
    const asked = text(container, probe, 'httpGet', 'path');
    if (at(container, probe) !== undefined && asked !== path)
      report([probe], `${probe} asks for ${asked || 'nothing'}; ${path} is for that`);
  }
  const grace = Number(text(spec, 'terminationGracePeriodSeconds') || 30);
  const drain = Number(settingOf(manifests, 'SHUTDOWN_GRACE_SECONDS') || 25);
  const before = Number(text(container, 'lifecycle', 'preStop', 'sleep', 'seconds') || 0);
  if (grace <= drain + before) {
    const path = ['terminationGracePeriodSeconds'];
    reportPod(path, `is killed after ${grace} s; preStop and SHUTDOWN_GRACE_SECONDS may take ${drain + before} s`);
  }
}
