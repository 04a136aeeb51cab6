import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

const INPUT = 'DS_PROMETHEUS';

const PANELS: Readonly<Record<string, string>> = { stat: 'Stat', timeseries: 'Time series' };

/**
 * A dashboard in the form of "Export for sharing externally" of Grafana, for import into any Grafana and for grafana.com. The import
 * asks for the Prometheus that becomes the value of the variable `datasource`.
 *
 * @param grafana the version of Grafana that shows the dashboards in Compose
 */
export function published(dashboard: Dashboard, grafana: string): object {
  const types = new Set(
    (dashboard.panels ?? []).map(({ type }: Panel | RowPanel) => type).filter((type) => type !== 'row'),
  );
  const list = dashboard.templating?.list?.map((variable) =>
    variable.type === 'datasource'
      ? { ...variable, current: { text: `\${${INPUT}}`, value: `\${${INPUT}}` } }
      : variable,
  );
  return {
    __inputs: [
      {
        name: INPUT,
        label: 'Prometheus',
        description: 'The Prometheus that scrapes the Ads Metric Tracker',
        type: 'datasource',
        pluginId: 'prometheus',
        pluginName: 'Prometheus',
      },
    ],
    __requires: [
      { type: 'grafana', id: 'grafana', name: 'Grafana', version: grafana },
      { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
      ...[...types].sort().map((id) => ({ type: 'panel', id, name: nameOf(id), version: '' })),
    ],
    id: null,
    ...dashboard,
    templating: { list },
  };
}

function nameOf(panel: string): string {
  const name = PANELS[panel];
  if (name === undefined) throw new Error(`The panel ${panel} has no name in PANELS`);
  return name;
}
