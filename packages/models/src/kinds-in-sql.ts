import { COUNT_COLUMNS, type CountColumn, kindsIn, TOTAL_COLUMNS, VIDEO_COLUMNS } from './kinds.js';

/** Lists of kinds, as literals: Postgres plans a list with one element as an equality, which it does not for a parameter. */
function literals(columns: readonly CountColumn[]): string {
  return columns
    .flatMap(kindsIn)
    .map((kind) => `'${kind}'`)
    .join(', ');
}

function eachOf(columns: readonly CountColumn[], expression: (column: CountColumn) => string): string {
  return columns.map(expression).join(', ');
}

/**
 * Fills placeholders of an SQL text from `EVENT_KINDS`, so that a new kind or column needs no edit of a statement.
 *
 * | placeholder | text |
 * |---|---|
 * | `:kinds_in_clicks`, `:kinds_in_impressions` | the kinds that the column counts |
 * | `:kinds_in_totals` | the kinds that both of these columns count |
 * | `:columns` | all columns that count kinds |
 * | `:video_columns`, `:no_video` | the columns that only quarter-hours and labels have; a zero for each of them |
 * | `:count`, `:count_video` | counts of rows by `kind`, named like the columns |
 * | `:sum` | sums of the columns, with the same names |
 * | `:counts`, `:sums` | the same without names |
 * | `:day_sums` | sums of the columns as bigint, or 0 without rows |
 * | `:add` | adds each column of `excluded` to that of `bucket` |
 * | `:replace` | replaces each column by that of `excluded` |
 * | `:should`, `:held` | each column of `should` or `held`, with 0 for null |
 */
export function fillInKinds(sql: string): string {
  const count = (column: CountColumn) => `(count(*) FILTER (WHERE kind IN (${literals([column])})))::integer`;
  const sum = (column: CountColumn) => `sum(${column})::integer`;
  const named = (expression: (column: CountColumn) => string) => (column: CountColumn) =>
    `${expression(column)} AS ${column}`;
  const texts: Readonly<Record<string, string>> = {
    kinds_in_clicks: literals(['clicks']),
    kinds_in_impressions: literals(['impressions']),
    kinds_in_totals: literals(TOTAL_COLUMNS),
    columns: eachOf(COUNT_COLUMNS, (column) => column),
    video_columns: eachOf(VIDEO_COLUMNS, (column) => column),
    no_video: eachOf(VIDEO_COLUMNS, () => '0'),
    count: eachOf(COUNT_COLUMNS, named(count)),
    count_video: eachOf(VIDEO_COLUMNS, named(count)),
    counts: eachOf(COUNT_COLUMNS, count),
    sum: eachOf(COUNT_COLUMNS, named(sum)),
    sums: eachOf(COUNT_COLUMNS, sum),
    day_sums: eachOf(COUNT_COLUMNS, (column) => `coalesce(sum(${column}), 0)::bigint`),
    add: eachOf(COUNT_COLUMNS, (column) => `${column} = bucket.${column} + excluded.${column}`),
    replace: eachOf(COUNT_COLUMNS, (column) => `${column} = excluded.${column}`),
    should: eachOf(COUNT_COLUMNS, (column) => `coalesce(should.${column}, 0)`),
    held: eachOf(COUNT_COLUMNS, (column) => `coalesce(held.${column}, 0)`),
  };
  return sql.replaceAll(/(?<!:):([a-z_]+)/g, (placeholder, name: string) => texts[name] ?? placeholder);
}
