import { SERVICE_NAMES } from '@ads/local';
import type { Problem } from '../problem.js';
import { placesAt, text } from '../shape.js';
import type { YamlDocument } from '../yaml-file.js';

/** One query of one panel. */
export interface PanelQuery extends Omit<Problem, 'message'> {
  readonly panel: string;
  /** The PromQL expression, with the variables of Grafana replaced. */
  readonly expr: string;
}

/** Values for the variables of Grafana: all series, and intervals for a one-minute-old stack that is scraped every second. */
const VARIABLES: Readonly<Record<string, string>> = {
  service: SERVICE_NAMES.join('|'),
  ad: '.+',
  __rate_interval: '10s',
  __interval: '5s',
  __range: '30s',
};

/** The queries of a dashboard. */
export function panelQueries({ file, value: dashboard, lineOf }: YamlDocument): PanelQuery[] {
  return placesAt(dashboard, 'panels', '*', 'targets', '*', 'expr').map(({ path, value: expr }) => ({
    file,
    line: lineOf(path),
    panel: text(dashboard, ...path.slice(0, 2), 'title'),
    expr: fillIn(String(expr)),
  }));
}

/** Replaces the variables of Grafana. @throws Error for an unknown variable */
export function fillIn(expr: string): string {
  return expr.replaceAll(/\$(\w+)|\$\{(\w+)\}/g, (variable, plain: string | undefined, braced: string | undefined) => {
    const value = VARIABLES[plain ?? braced ?? ''];
    if (value === undefined) throw new Error(`Dashboards use ${variable}, but no test value is defined for it`);
    return value;
  });
}
