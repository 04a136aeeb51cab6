import type { Check } from '../check.js';
import { checkConfig } from '../kubernetes/config-rules.js';
import { checkLinks } from '../kubernetes/link-rules.js';
import { baseManifests, type Manifest } from '../kubernetes/manifests.js';
import { checkPods } from '../kubernetes/pod-rules.js';
import { checkQueue } from '../kubernetes/queue-rules.js';
import type { Report } from '../kubernetes/report.js';
import type { Problem } from '../problem.js';

/** Our own rules for manifests: what the API allows, and what would still be wrong. */
export const kubernetesRules: Check = {
  name: 'manifests against our rules',
  run: (repository) => ({ problems: checkManifests(baseManifests(repository)) }),
};

/** @param manifests all manifests of one cluster; they may refer to each other */
export function checkManifests(manifests: readonly Manifest[]): Problem[] {
  const problems: Problem[] = [];
  const report: Report = ({ document, kind, name }, path, message) =>
    problems.push({ file: document.file, line: document.lineOf(path), message: `${kind} ${name}: ${message}` });
  checkPods(manifests, report);
  checkConfig(manifests, report);
  checkLinks(manifests, report);
  checkQueue(manifests, report);
  return problems;
}
