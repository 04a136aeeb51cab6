import { kindsIn, TOTAL_COLUMNS } from '@ads/models';

/**
 * Replaces `:kinds_in_windows`, `:kinds_in_clicks` and `:kinds_in_impressions` in an SQL text by kinds of `EVENT_KINDS`: those
 * that windows count, and those that a column of `ad_totals` counts.
 *
 * They become literals, not parameters, so that Postgres plans a list with one element as an equality.
 */
export function fillInKinds(sql: string): string {
  let text = sql;
  for (const counter of [...TOTAL_COLUMNS, 'windows'] as const) {
    const kinds = kindsIn(counter).map((kind) => `'${kind}'`);
    // SQL has no empty lists.
    text = text.replaceAll(`:kinds_in_${counter}`, kinds.length === 0 ? 'NULL' : kinds.join(', '));
  }
  return text;
}
