import { SERVICE_NAMES } from '@ads/local';
import { yamlCheck } from '../check.js';
import type { Problem } from '../problem.js';
import { defaultOf } from '../service-variables.js';
import { at, placesAt, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

const PROMETHEUS = 'infra/monitoring/prometheus.yml';
const OPERATOR = 'k8s/overlays/monitoring/kustomization.yaml';

/**
 * Prometheus scrapes each service by its name at its port, in a job with the name of the service. The Prometheus of
 * kube-prometheus-stack reads only objects with the label `release`.
 */
export const scrapes = yamlCheck(
  'scrape targets of Prometheus',
  () => [PROMETHEUS, OPERATOR],
  (document) => (document.file === OPERATOR ? checkLabel(document) : checkTargets(document)),
);

function checkTargets({ value, problem }: YamlDocument): Problem[] {
  return placesAt(value, 'scrape_configs', '*').flatMap(({ path, value: job }) => {
    const service = SERVICE_NAMES.find((name) => name === text(job, 'job_name'));
    if (service === undefined) return [];
    const target = ['dns_sd_configs', 0];
    const asked = `${text(job, ...target, 'names', 0)}:${text(job, ...target, 'port')}`;
    const expected = `${service}:${defaultOf(service, 'HTTP_PORT')}`;
    if (asked === expected) return [];
    return [problem([...path, ...target, 'port'], `scrapes ${asked}; ${service} is at ${expected}`)];
  });
}

function checkLabel({ value, problem }: YamlDocument): Problem[] {
  const hasLabel = placesAt(value, 'labels', '*', 'pairs').some(
    ({ value: pairs }) => at(pairs, 'release') !== undefined,
  );
  return hasLabel ? [] : [problem([], 'sets no label release, which kube-prometheus-stack selects by')];
}
