import { yamlCheck } from '../check.js';
import { fillIn } from '../live/panel-queries.js';
import { knownMetrics, metricsIn } from '../metrics.js';
import { placesAt, text } from '../shape.js';

/** Panel types that need no unit: they show text, or have a unit for each column. */
const WITHOUT_UNIT = ['row', 'text', 'table', 'logs', 'alertlist', 'annolist', 'state-timeline', 'status-history'];

/** Panels have titles, units and existing metrics. JSON is YAML, so the YAML reader gives the lines of problems. */
export const dashboards = yamlCheck(
  'dashboards',
  (repository) => repository.files('grafana/dashboards', /\.json$/),
  async ({ value: dashboard, problem }, repository) => {
    const isKnown = await knownMetrics(repository);
    const missing = ['uid', 'title'].filter((field) => text(dashboard, field) === '');
    const panels = [...placesAt(dashboard, 'panels', '*'), ...placesAt(dashboard, 'panels', '*', 'panels', '*')];
    return [
      ...missing.map((field) => problem([], `the dashboard has no ${field}`)),
      ...panels.flatMap(({ path, value: panel }) => {
        const title = text(panel, 'title');
        const kind = text(panel, 'type');
        const hasUnit = WITHOUT_UNIT.includes(kind) || text(panel, 'fieldConfig', 'defaults', 'unit') !== '';
        return [
          ...(title === '' ? [problem(path, `a panel (${kind}) has no title`)] : []),
          ...(hasUnit ? [] : [problem(path, `${title}: has no unit`)]),
          ...placesAt(panel, 'targets', '*').flatMap(({ path: inPanel, value: target }) => {
            const here = [...path, ...inPanel];
            const source = text(target, 'datasource', 'uid') || text(panel, 'datasource', 'uid');
            const asked = `queries ${source || 'the default datasource'} instead of the selected datasource`;
            return [
              ...(source.startsWith('$') ? [] : [problem(here, `${title}: ${asked}`)]),
              ...metricsIn(fillIn(text(target, 'expr')))
                .filter((metric) => !isKnown(metric))
                .map((name) => problem([...here, 'expr'], `${title}: there is no metric ${name}`)),
            ];
          }),
        ];
      }),
    ];
  },
);
