import { SERVICE_NAMES } from '@ads/local';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { DATASOURCE } from './panels.js';

/** What one dashboard is to show, from top to bottom. */
export interface Plan {
  /** In its address, and in the name of its file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What one can pick beside the datasource. */
  readonly variables: readonly (keyof typeof VARIABLES)[];
  readonly rows: Readonly<Record<string, readonly Builder<Panel>[]>>;
}

/** By this each of the dashboards links to the others. */
const TAG = 'ads-metric-tracker';

const VARIABLES = {
  // By a metric that nobody else has: the same Prometheus may see other systems too, and their `service`.
  service: { label: 'Service', from: 'circuit_breaker_state', by: 'service', all: SERVICE_NAMES.join('|') },
  ad: { label: 'Ad', from: 'ad_impressions_total', by: 'ad_id', all: '.+' },
} as const;

/** The same time range, refresh, variables, links and marks for all of them. */
export function buildDashboard({ name, title, description, variables, rows }: Plan): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(`ads-${name}`)
    .description(description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Datasource').type('prometheus'))
    .annotation(starts())
    .link(
      new DashboardLinkBuilder('Ads Metric Tracker')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    );
  for (const variable of variables) dashboard.withVariable(choice(variable));
  for (const [heading, panels] of Object.entries(rows)) {
    dashboard.withRow(new RowBuilder(heading));
    for (const panel of panels) dashboard.withPanel(panel);
  }
  const built = dashboard.build();
  // Addresses of panels are made of these.
  built.panels?.forEach((panel, index) => {
    panel.id = index + 1;
  });
  return built;
}

function choice(name: keyof typeof VARIABLES): QueryVariableBuilder {
  const { label, from, by, all } = VARIABLES[name];
  const query = `label_values(${from}, ${by})`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .definition(query)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ text: 'All', value: '$__all' });
}

/** A mark where a process was started: a deployment, a restart, one more of them. */
function starts(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Starts and deployments')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('blue')
    .target(
      new DataqueryBuilder()
        .refId('Starts')
        .expr(`process_start_time_seconds{service=~"${SERVICE_NAMES.join('|')}"} * 1000`)
        .interval('1m'),
    )
    .useValueForTime(true)
    .titleFormat('{{service}} started')
    .textFormat('{{instance}}')
    .tagKeys('service');
}
