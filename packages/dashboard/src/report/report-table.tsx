import type { ComponentChildren } from 'preact';
import { changeOf, formatChange } from '../format/numbers.js';
import { formatTime, SHAPE_OF_INTERVAL } from '../format/times.js';
import { AdLink } from '../parts/ad-name.js';
import { type Sort, Table } from '../parts/table.js';
import { addressOf } from '../shell/addresses.js';
import { type Choice, FILTER_NAMES, FILTERS, writeChoice } from './choice.js';
import { type Cell, csvOf, saveFile } from './csv.js';
import { GROUP_LABELS, labelOf, metricOf, SHOWN_METRIC_NAMES } from './metrics.js';
import { type Pair, type Periods, pairRows } from './read-report.js';

/** A column of the table and of the file: both show the same. */
interface ReportColumn {
  readonly key: string;
  readonly label: string;
  readonly isNumeric: boolean;
  /** The value as it is, for sorting and for the file. */
  readonly value: (pair: Pair) => Cell;
  readonly cell: (pair: Pair) => ComponentChildren;
}

/** The report as a table that can be sorted and saved. */
export function ReportTable(props: {
  readonly choice: Choice;
  readonly periods: Periods;
  readonly onSort: (sort: Sort) => void;
}) {
  const { choice, periods, onSort } = props;
  const columns = columnsOf(choice, periods.before !== undefined);
  const pairs = sorted(pairRows(periods, choice.group), columns, choice.sort);
  const { report } = periods.now;
  const save = () => {
    const name = `report-${report.from.slice(0, 10)}-${report.to.slice(0, 10)}.csv`;
    const rows = pairs.map((pair) => columns.map(({ value }) => value(pair)));
    saveFile(
      name,
      'text/csv;charset=utf-8',
      csvOf(
        columns.map(({ key }) => key),
        rows,
      ),
    );
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2>{choice.group === '' ? 'Numbers' : `By ${GROUP_LABELS[choice.group]?.toLowerCase()}`}</h2>
        <button type="button" class="button" onClick={save} disabled={pairs.length === 0}>
          Save as CSV
        </button>
      </div>
      {report.next_cursor !== null && (
        <p class="muted">These are the {pairs.length} rows with the most clicks. The totals above are of all rows.</p>
      )}
      <Table
        caption="The report"
        columns={columns}
        rows={pairs}
        keyOf={({ row }) => JSON.stringify([row.time, choice.group === '' ? null : row[choice.group]])}
        sort={choice.sort}
        onSort={onSort}
      />
    </section>
  );
}

function columnsOf(choice: Choice, isCompared: boolean): readonly ReportColumn[] {
  const { interval, group, metric, tz } = choice;
  const shape = SHAPE_OF_INTERVAL[interval];
  const time: ReportColumn = {
    key: 'time',
    label: 'Time',
    isNumeric: false,
    value: ({ row }) => row.time,
    cell: ({ row }) => formatTime(Date.parse(row.time ?? ''), shape, tz),
  };
  const label: readonly ReportColumn[] =
    group === ''
      ? []
      : [
          {
            key: group,
            label: GROUP_LABELS[group] ?? group,
            isNumeric: false,
            value: ({ row }) => row[group],
            cell: ({ row }) => <GroupValue choice={choice} value={row[group]} />,
          },
        ];
  const metrics = SHOWN_METRIC_NAMES.flatMap((name): ReportColumn[] => {
    const shown = metricOf(name);
    const own = (
      key: string,
      title: string,
      value: (pair: Pair) => number | null | undefined,
      format = shown.format,
    ) => ({
      ...{ key, label: title, isNumeric: true, value },
      cell: (pair: Pair) => format(value(pair)),
    });
    const column = own(name, shown.label, ({ row }) => row[name]);
    if (!isCompared || name !== metric) return [column];
    return [
      column,
      own(`${name}_before`, 'Before', ({ before }) => before?.[name]),
      own(`${name}_change`, 'Change', ({ row, before }) => changeOf(row[name], before?.[name]), formatChange),
    ];
  });
  return [...(interval === 'total' ? [] : [time]), ...label, ...metrics];
}

/** A label; a click shows only its rows. */
function GroupValue({ choice, value }: { readonly choice: Choice; readonly value: string | null | undefined }) {
  const { group, filters } = choice;
  const filter = FILTER_NAMES.find((name) => FILTERS[name] === group);
  if (group === 'ad' && value != null) {
    return <AdLink id={value} query={writeChoice({ ...choice, group: '', sort: undefined, filters: {} })} />;
  }
  const text = <bdi>{labelOf(value)}</bdi>;
  // `(other)` sums the labels beyond the limit of an ad, and cannot be asked for.
  if (value == null || value === '(other)' || filter === undefined || filters[filter] === value) return text;
  const next = { ...choice, sort: undefined, filters: { ...filters, [filter]: value } };
  return (
    <a class="quiet" href={addressOf(['report'], writeChoice(next))}>
      {text}
    </a>
  );
}

/** Sorts by a column; values that do not exist come last. */
function sorted(pairs: readonly Pair[], columns: readonly ReportColumn[], sort: Sort | undefined): readonly Pair[] {
  const column = columns.find(({ key }) => key === sort?.by);
  if (sort === undefined || column === undefined) return pairs;
  const sign = sort.isDescending ? -1 : 1;
  return pairs.toSorted((one, other) => {
    const [left, right] = [column.value(one), column.value(other)];
    if (left == null || right == null) return Number(left == null) - Number(right == null);
    if (typeof left === 'number' && typeof right === 'number') return sign * (left - right);
    return sign * (String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0);
  });
}
