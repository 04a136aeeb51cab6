import { yamlCheck } from '../check.js';
import { isGiven, type Requirement, unmet } from '../containers.js';
import { knownMetrics, metricsIn, ruleFiles, ruleTests } from '../metrics.js';
import type { Repository } from '../repository.js';
import { placesAt, text } from '../shape.js';
import { anchorsOf } from './pages.js';

/** The required fields of an alert. */
const OF_ALERTS: readonly Requirement[] = [
  ['labels.severity', isGiven, 'has no severity'],
  ['annotations.summary', isGiven, 'has no summary'],
  ['annotations.description', isGiven, 'has no description'],
  ['annotations.runbook_url', isGiven, 'has no runbook_url'],
];

/** Our own rules for recording rules and alerts. promtool does not know which metrics exist. */
export const prometheusRules = yamlCheck(
  'recording rules and alerts',
  ruleFiles,
  async ({ value, problem }, repository) => {
    const isKnown = await knownMetrics(repository);
    const tests = ruleTests(repository).map((file) => repository.text(file));
    return placesAt(value, 'groups', '*', 'rules', '*').flatMap(({ path, value: rule }) => {
      const alert = text(rule, 'alert');
      const unknown = metricsIn(text(rule, 'expr')).filter((name) => !isKnown(name));
      return [
        ...unknown.map((name) => [['expr'], `there is no metric ${name}`] as const),
        ...(alert === '' ? [] : unmet(rule, OF_ALERTS)),
        ...(alert === '' || leadsToParagraph(repository, text(rule, 'annotations', 'runbook_url'))
          ? []
          : [[['annotations'], 'runbook_url does not match any heading of the runbook'] as const]),
        ...(alert === '' || tests.some((test) => new RegExp(`alertname: ${alert}$`, 'm').test(test))
          ? []
          : [[['alert'], 'no test checks that the alert fires'] as const]),
      ].map(([inRule, message]) => problem([...path, ...inRule], `${alert || text(rule, 'record')}: ${message}`));
    });
  },
);

function leadsToParagraph(repository: Repository, url: string): boolean {
  const [file = '', anchor = ''] = url.split('#');
  return repository.has(file) && anchorsOf(repository.text(file)).has(anchor);
}
