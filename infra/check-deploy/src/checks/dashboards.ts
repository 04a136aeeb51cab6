import type { Check } from '../check.js';
import { fillIn } from '../live/panel-queries.js';
import { knownMetrics, metricsIn } from '../metrics.js';
import type { Problem } from '../problem.js';
import { items, type Path, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/** Panel types that need no unit: they show text, or have a unit for each column. */
const WITHOUT_UNIT = ['row', 'text', 'table', 'logs', 'alertlist', 'annolist', 'state-timeline', 'status-history'];

/** Panels have titles, units and existing metrics. JSON is YAML, so the YAML reader gives the lines of problems. */
export const dashboards: Check = {
  name: 'dashboards',
  async run(repository) {
    const isKnown = await knownMetrics(repository);
    const files = repository.files('grafana/dashboards', /\.json$/).map((file) => repository.yaml(file));
    return {
      problems: files.flatMap(({ documents, problems }) => [
        ...problems,
        ...documents.flatMap((document) => checkDashboard(document, isKnown)),
      ]),
    };
  },
};

function checkDashboard(document: YamlDocument, isKnown: (metric: string) => boolean): Problem[] {
  const { file, value } = document;
  const problems: Problem[] = [];
  const report = (path: Path, message: string) => problems.push({ file, line: document.lineOf(path), message });
  for (const field of ['uid', 'title']) if (text(value, field) === '') report([], `the dashboard has no ${field}`);

  const panels = items(value, 'panels').flatMap((panel, index): [unknown, Path][] => [
    [panel, ['panels', index]],
    ...items(panel, 'panels').map((inner, number): [unknown, Path] => [inner, ['panels', index, 'panels', number]]),
  ]);
  for (const [panel, path] of panels) {
    const title = text(panel, 'title');
    const kind = text(panel, 'type');
    if (title === '') report(path, `a panel (${kind}) has no title`);
    if (!WITHOUT_UNIT.includes(kind) && text(panel, 'fieldConfig', 'defaults', 'unit') === '') {
      report(path, `${title}: has no unit`);
    }
    for (const [index, target] of items(panel, 'targets').entries()) {
      const here = [...path, 'targets', index];
      const source = text(target, 'datasource', 'uid') || text(panel, 'datasource', 'uid');
      if (!source.startsWith('$'))
        report(here, `${title}: asks ${source || 'the default'}, not the datasource that was chosen`);
      for (const name of metricsIn(fillIn(text(target, 'expr'))).filter((metric) => !isKnown(metric))) {
        report([...here, 'expr'], `${title}: there is no metric ${name}`);
      }
    }
  }
  return problems;
}
