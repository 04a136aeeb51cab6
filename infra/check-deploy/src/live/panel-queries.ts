import { SERVICE_NAMES } from '@ads/local';
import type { Problem } from '../problem.js';

/** One query of one panel. */
export interface PanelQuery extends Omit<Problem, 'message'> {
  readonly panel: string;
  /** With its variables filled in. */
  readonly expr: string;
}

/** Everything is selected; the times suit a stack that has run for a minute and is scraped every second. */
const VARIABLES: Readonly<Record<string, string>> = {
  service: SERVICE_NAMES.join('|'),
  ad: '.+',
  __rate_interval: '10s',
  __interval: '5s',
  __range: '30s',
};

/** The queries of a dashboard. @param text its JSON, one value a line */
export function panelQueries(file: string, text: string): PanelQuery[] {
  const { panels } = JSON.parse(text) as { panels: { title: string; targets?: { expr: string }[] }[] };
  const lines = text.split('\n');
  let line = 0;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => {
      line = lines.findIndex((content, index) => index >= line && content.includes(JSON.stringify(expr))) + 1;
      return { file, line, panel: title, expr: fillIn(expr) };
    }),
  );
}

/** Fills in the variables of Grafana. @throws Error on an unknown one */
export function fillIn(expr: string): string {
  return expr.replaceAll(/\$(\w+)|\$\{(\w+)\}/g, (variable, plain: string | undefined, braced: string | undefined) => {
    const value = VARIABLES[plain ?? braced ?? ''];
    if (value === undefined) throw new Error(`No value is known for the variable ${variable}`);
    return value;
  });
}
