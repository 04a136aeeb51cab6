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

/** The content of a dashboard, from top to bottom. */
export interface Plan {
  /** Part of its address and of its file name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Variables beside the datasource. */
  readonly variables: readonly (keyof typeof VARIABLES)[];
  readonly rows: Readonly<Record<string, readonly Builder<Panel>[]>>;
}

/** The tag by which the dashboards link to each other. */
const TAG = 'ads-metric-tracker';

const VARIABLES = {
  // The metric is unique to the tracker: other systems in the same Prometheus may have a label `service` too.
  service: { label: 'Service', from: 'circuit_breaker_state', by: 'service', all: SERVICE_NAMES.join('|') },
  ad: { label: 'Ad', from: 'ad_impressions_total', by: 'ad_id', all: '.+' },
} as const;

/** Builds a dashboard; time range, refresh, links and annotations are the same for all. */
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
  // Links to panels contain their ids.
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

/** An annotation at each start of a process: a deployment, a restart, a new replica. */
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
