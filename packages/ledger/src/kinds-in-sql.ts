import { kindsIn, TOTAL_COLUMNS } from '@ads/models';

/**
 * Replaces `:kinds_in_clicks` and `:kinds_in_impressions` in an SQL text by the kinds of `EVENT_KINDS` that the column counts.
 *
 * They become literals, not parameters, so that Postgres plans a list with one element as an equality.
 */
export function fillInKinds(sql: string): string {
  let text = sql;
  for (const column of TOTAL_COLUMNS) {
    const kinds = kindsIn(column).map((kind) => `'${kind}'`);
    // SQL has no empty lists.
    text = text.replaceAll(`:kinds_in_${column}`, kinds.length === 0 ? 'NULL' : kinds.join(', '));
  }
  return text;
}
