import type { Check } from '../check.js';
import { knownMetrics, metricsIn, ruleFiles } from '../metrics.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { items, type Path, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/** Our own rules for recording rules and alerts. promtool does not know which metrics exist. */
export const prometheusRules: Check = {
  name: 'recording rules and alerts',
  async run(repository) {
    const isKnown = await knownMetrics(repository);
    const tests = repository.files('infra/monitoring/test/rules', /\.ya?ml$/).map((file) => repository.text(file));
    const files = ruleFiles(repository).map((file) => repository.yaml(file));
    return {
      problems: files.flatMap(({ documents, problems }) => [
        ...problems,
        ...documents.flatMap((document) =>
          items(document.value, 'groups').flatMap((group, number) =>
            items(group, 'rules').flatMap((rule, index) => {
              const report = reporter(
                document,
                ['groups', number, 'rules', index],
                text(rule, 'alert') || text(rule, 'record'),
              );
              return [
                ...metricsIn(text(rule, 'expr'))
                  .filter((name) => !isKnown(name))
                  .map((name) => report('expr', `there is no metric ${name}`)),
                ...(text(rule, 'alert') === '' ? [] : checkAlert(repository, rule, tests, report)),
              ];
            }),
          ),
        ),
      ]),
    };
  },
};

type Report = (field: string, message: string) => Problem;

function reporter({ file, lineOf }: YamlDocument, path: Path, name: string): Report {
  return (field, message) => ({ file, line: lineOf([...path, field]), message: `${name}: ${message}` });
}

/** An alert tells its reader what happened and what to do, and has a test. */
function checkAlert(repository: Repository, alert: unknown, tests: readonly string[], report: Report): Problem[] {
  const name = text(alert, 'alert');
  const problems: Problem[] = [];
  if (text(alert, 'labels', 'severity') === '') problems.push(report('labels', 'has no severity'));
  for (const annotation of ['summary', 'description', 'runbook_url']) {
    if (text(alert, 'annotations', annotation) === '') problems.push(report('annotations', `has no ${annotation}`));
  }
  const [, file = '', anchor = ''] =
    /((?:infra|docs)\/[\w/.-]+)#(.*)$/.exec(text(alert, 'annotations', 'runbook_url')) ?? [];
  const headings = file !== '' && repository.has(file) ? headingsOf(repository.text(file)) : [];
  if (!headings.includes(anchor)) problems.push(report('annotations', 'its runbook_url leads to no paragraph'));
  if (!tests.some((text) => new RegExp(`alertname: ${name}$`, 'm').test(text))) {
    problems.push(report('alert', 'no test sees it fire'));
  }
  return problems;
}

/** The anchors of the headings of a page. */
function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
