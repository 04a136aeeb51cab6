import {
  COUNT_COLUMNS,
  type CountColumn,
  INVALID_COLUMNS,
  kindsIn,
  TOTAL_COLUMNS,
  VALID_COLUMNS,
  VIDEO_COLUMNS,
} from './kinds.js';
import { INVALID_VERDICTS, VERDICT_LABEL, VERDICTS } from './verdicts.js';

const VALID: ReadonlySet<CountColumn> = new Set(VALID_COLUMNS);

/** The names of verdicts by their number. */
const VERDICT_NAMES = INVALID_VERDICTS.map((name) => [VERDICTS[name].number, name] as const).sort(([a], [b]) => a - b);

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
 * | `:video_columns`, `:no_video` | the columns of valid events that only quarter-hours, labels and days have; a zero for each |
 * | `:invalid_columns`, `:no_invalid`, `:no_valid` | the columns of invalid events; a zero for each; a zero for each of all others |
 * | `:count` | counts of rows by `kind` and `verdict`, named like the columns |
 * | `:count_valid`, `:count_video`, `:count_invalid` | the same for rows that are all valid, or all invalid, by `kind` alone |
 * | `:sum` | sums of the columns, with the same names |
 * | `:counts`, `:sums` | the same without names |
 * | `:day_sums` | sums of the columns as bigint, or 0 without rows |
 * | `:add` | adds each column of `excluded` to that of `bucket` |
 * | `:replace` | replaces each column by that of `excluded` |
 * | `:should`, `:held` | each column of `should` or `held`, with 0 for null |
 * | `:verdict_label`, `:verdict_name` | the number of the label that counts invalid events; the name of the number in `verdict` |
 */
export function fillInKinds(sql: string): string {
  const countWhere = (column: CountColumn, more = '') =>
    `(count(*) FILTER (WHERE kind IN (${literals([column])})${more}))::integer`;
  const count = (column: CountColumn) => countWhere(column, ` AND verdict IS ${VALID.has(column) ? '' : 'NOT '}NULL`);
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
    invalid_columns: eachOf(INVALID_COLUMNS, (column) => column),
    no_invalid: eachOf(INVALID_COLUMNS, () => '0'),
    no_valid: eachOf(VALID_COLUMNS, () => '0'),
    count: eachOf(COUNT_COLUMNS, named(count)),
    count_valid: eachOf(VALID_COLUMNS, named(countWhere)),
    count_video: eachOf(VIDEO_COLUMNS, named(countWhere)),
    count_invalid: eachOf(INVALID_COLUMNS, named(countWhere)),
    counts: eachOf(COUNT_COLUMNS, count),
    sum: eachOf(COUNT_COLUMNS, named(sum)),
    sums: eachOf(COUNT_COLUMNS, sum),
    day_sums: eachOf(COUNT_COLUMNS, (column) => `coalesce(sum(${column}), 0)::bigint`),
    add: eachOf(COUNT_COLUMNS, (column) => `${column} = bucket.${column} + excluded.${column}`),
    replace: eachOf(COUNT_COLUMNS, (column) => `${column} = excluded.${column}`),
    should: eachOf(COUNT_COLUMNS, (column) => `coalesce(should.${column}, 0)`),
    held: eachOf(COUNT_COLUMNS, (column) => `coalesce(held.${column}, 0)`),
    verdict_label: String(VERDICT_LABEL),
    verdict_name: `CASE verdict ${VERDICT_NAMES.map(([number, name]) => `WHEN ${number} THEN '${name}'`).join(' ')} END`,
  };
  return sql.replaceAll(/(?<!:):([a-z_]+)/g, (placeholder, name: string) => texts[name] ?? placeholder);
}
