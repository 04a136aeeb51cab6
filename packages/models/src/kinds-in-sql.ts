import { COUNT_COLUMNS, type CountColumn, kindsIn, TOTAL_COLUMNS, VALID_COLUMNS, VIDEO_COLUMNS } from './kinds.js';
import { COUNTED_LABELS, labelNumber } from './labels.js';
import { INVALID_VERDICTS, VERDICT_LABEL, VERDICTS } from './verdicts.js';

const VALID: ReadonlySet<CountColumn> = new Set(VALID_COLUMNS);

/** Rows of a label's number and its value, for VALUES. */
const LABELS = COUNTED_LABELS.map((name, place) => `(${labelNumber(name)}${place === 0 ? '::smallint' : ''}, ${name})`);
const VERDICT_NAME = `CASE verdict ${INVALID_VERDICTS.map((name) => `WHEN ${VERDICTS[name].number} THEN '${name}'`).join(' ')} END`;

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
 * | `:columns`, `:zeros` | the columns; a zero for each of them |
 * | `:wide_columns`, `:no_wide` | the columns that only quarter-hours, labels and days have; a zero for each of them |
 * | `:count`, `:count_wide` | counts of rows by `kind` and `verdict`, named like the columns |
 * | `:sum` | sums of the columns, with the same names |
 * | `:counts`, `:sums` | the same without names |
 * | `:day_sums` | sums of the columns as bigint, or 0 without rows |
 * | `:add` | adds each column of `excluded` to that of `bucket` |
 * | `:replace` | replaces each column by that of `excluded` |
 * | `:should`, `:held` | each column of `should` or `held`, with 0 for null |
 * | `:labels` | rows of the number and value of each label that is counted; the verdict is the last one |
 * | `:or_invalid` | the condition that a row may be invalid, after another one |
 * | `:verdict_label` | the number of the label that counts invalid events |
 * | `:double_click`, `:flood` | the numbers of the verdicts |
 *
 * @param columns the columns that are counted. {@link VALID_COLUMNS}: all rows are valid, so that no verdict is read
 */
export function fillInKinds(sql: string, columns: readonly CountColumn[] = COUNT_COLUMNS): string {
  const invalid = columns.filter((column) => !VALID.has(column));
  const wide = [...VIDEO_COLUMNS, ...invalid];
  const count = (column: CountColumn) => {
    const condition = invalid.length === 0 ? '' : ` AND verdict IS ${VALID.has(column) ? '' : 'NOT '}NULL`;
    return `(count(*) FILTER (WHERE kind IN (${literals([column])})${condition}))::integer`;
  };
  const sum = (column: CountColumn) => `sum(${column})::integer`;
  const named = (expression: (column: CountColumn) => string) => (column: CountColumn) =>
    `${expression(column)} AS ${column}`;
  const texts: Readonly<Record<string, string>> = {
    kinds_in_clicks: literals(['clicks']),
    kinds_in_impressions: literals(['impressions']),
    kinds_in_totals: literals(TOTAL_COLUMNS),
    columns: eachOf(columns, (column) => column),
    zeros: eachOf(columns, () => '0'),
    wide_columns: eachOf(wide, (column) => column),
    no_wide: eachOf(wide, () => '0'),
    count: eachOf(columns, named(count)),
    count_wide: eachOf(wide, named(count)),
    counts: eachOf(columns, count),
    sum: eachOf(columns, named(sum)),
    sums: eachOf(columns, sum),
    day_sums: eachOf(columns, (column) => `coalesce(sum(${column}), 0)::bigint`),
    add: eachOf(columns, (column) => `${column} = bucket.${column} + excluded.${column}`),
    replace: eachOf(columns, (column) => `${column} = excluded.${column}`),
    should: eachOf(columns, (column) => `coalesce(should.${column}, 0)`),
    held: eachOf(columns, (column) => `coalesce(held.${column}, 0)`),
    labels: [...LABELS, ...(invalid.length === 0 ? [] : [`(${VERDICT_LABEL}, ${VERDICT_NAME})`])].join(', '),
    or_invalid: invalid.length === 0 ? '' : 'OR verdict IS NOT NULL',
    verdict_label: String(VERDICT_LABEL),
    double_click: String(VERDICTS.double_click.number),
    flood: String(VERDICTS.flood.number),
  };
  return sql.replaceAll(/(?<!:):([a-z_]+)/g, (placeholder, name: string) => texts[name] ?? placeholder);
}
