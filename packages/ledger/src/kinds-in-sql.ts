import { kindsIn, TOTAL_COLUMNS } from '@ads/models';

/**
 * Fills in the kinds of `EVENT_KINDS` where an SQL text says `:kinds_in_windows`, `:kinds_in_clicks` or
 * `:kinds_in_impressions`: the kinds that windows count, and those that a column of `ad_totals` counts.
 *
 * They become literals, not parameters, so that Postgres plans a list with one element as an equality.
 */
export function fillInKinds(sql: string): string {
  let text = sql;
  for (const counter of [...TOTAL_COLUMNS, 'windows'] as const) {
    const kinds = kindsIn(counter).map((kind) => `'${kind}'`);
    // An empty list is no SQL.
    text = text.replaceAll(`:kinds_in_${counter}`, kinds.length === 0 ? 'NULL' : kinds.join(', '));
  }
  return text;
}
