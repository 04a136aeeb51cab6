import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** Numbers are aligned at their end. */
  readonly isNumeric?: boolean;
  /** Left out on phones. */
  readonly isExtra?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface Sort {
  readonly by: string;
  readonly isDescending: boolean;
}

/** Rows that are shown at first: thousands of rows would make the page slow. */
const ROWS_SHOWN = 100;

/** A table that scrolls sideways where it does not fit. */
export function Table<Row>(props: {
  /** For screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sort?: Sort | undefined;
  /** Makes the headings buttons. */
  readonly onSort?: ((sort: Sort) => void) | undefined;
}) {
  const { caption, columns, rows, keyOf, sort, onSort } = props;
  const [shown, setShown] = useState(ROWS_SHOWN);
  return (
    <>
      <div class="table-frame">
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading key={column.key} column={column} sort={sort} onSort={onSort} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column, index) =>
                  index === 0 ? (
                    <th key={column.key} scope="row">
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.key} class={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown && (
        <button type="button" class="button more" onClick={() => setShown(shown + 10 * ROWS_SHOWN)}>
          Show more rows ({rows.length - shown} left)
        </button>
      )}
    </>
  );
}

function classOf<Row>({ isNumeric = false, isExtra = false }: Column<Row>): string {
  return [isNumeric ? 'number' : '', isExtra ? 'is-extra' : ''].join(' ').trim();
}

function Heading<Row>(props: {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}) {
  const { column, sort, onSort } = props;
  const { key, label, isNumeric = false } = column;
  const isSorted = sort?.by === key;
  const direction = sort?.isDescending ? 'descending' : 'ascending';
  return (
    <th scope="col" class={classOf(column)} {...(isSorted ? { 'aria-sort': direction } : {})}>
      {onSort === undefined ? (
        label
      ) : (
        <button
          type="button"
          class="heading"
          onClick={() => onSort({ by: key, isDescending: isSorted ? !sort.isDescending : isNumeric })}
        >
          {label}
          <span aria-hidden="true">{isSorted ? (sort.isDescending ? ' ↓' : ' ↑') : ''}</span>
        </button>
      )}
    </th>
  );
}
