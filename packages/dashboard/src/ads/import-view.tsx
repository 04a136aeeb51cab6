import { useState } from 'preact/hooks';
import type { ImportAnswer, ImportResult } from '../api/ad-answers.js';
import { send, urlOf } from '../api/client.js';
import { formatCount, NO_VALUE } from '../format/numbers.js';
import { CopyText } from '../parts/copy.js';
import { SelectField } from '../parts/field.js';
import { type Column, Table } from '../parts/table.js';
import { addressOf } from '../shell/addresses.js';
import { type CsvRecords, columnOf, readCsv } from './csv.js';
import { NeedsKey } from './needs-key.js';
import { SavingProblem, useSaving } from './saving.js';

const EXAMPLE = `id,title,campaign,target_url
spring-20s,Spring sale,spring,https://shop.example.com/sale?click={click_id}
spring-6s,Spring teaser,spring,https://shop.example.com/new
`;

/** The columns of the file that the preview shows. */
const SHOWN = ['id', 'title', 'campaign', 'target_url'] as const;

interface Row extends ImportResult {
  readonly cells: Readonly<Record<(typeof SHOWN)[number], string>>;
}

/** A file and what the API says about it. */
interface Preview {
  readonly name: string;
  readonly text: string;
  readonly rows: readonly Row[];
  /** Undefined before the import. */
  readonly created: number | undefined;
}

type Mode = 'check' | 'all' | 'valid';

/** Registers many ads from a CSV. */
export function ImportView() {
  return (
    <NeedsKey purpose="import ads">
      <Import />
    </NeedsKey>
  );
}

function Import() {
  const [preview, setPreview] = useState<Preview>();
  const saving = useSaving();
  const sendFile = async (name: string, text: string, mode: Mode) => {
    const sent = await send('POST', urlOf('/ads/import', { mode }), new Blob([text], { type: 'text/csv' }));
    const { results, created } = sent.body as ImportAnswer;
    setPreview({ name, text, rows: rowsOf(readCsv(text), results), created: mode === 'check' ? undefined : created });
  };
  const choose = (file: File | undefined) => {
    if (file === undefined) return;
    setPreview(undefined);
    saving.run(async () => sendFile(file.name, await file.text(), 'check'));
  };
  const importAds = (mode: Mode) => {
    if (preview !== undefined) saving.run(() => sendFile(preview.name, preview.text, mode));
  };
  return (
    <>
      <p class="muted under-heading">Nothing is created before you have seen each line with its verdict.</p>
      <section class="card">
        <label class="field file">
          <span>CSV file, UTF-8, with commas. The first line names the fields.</span>
          <input
            type="file"
            accept=".csv,text/csv"
            onChange={({ currentTarget }) => {
              choose(currentTarget.files?.[0]);
              // The same file can be chosen again after it was corrected.
              currentTarget.value = '';
            }}
          />
        </label>
        <SavingProblem problem={saving.problem} />
        <p class="muted" role="status">
          {saving.isBusy && 'Checking…'}
        </p>
      </section>
      {preview === undefined ? (
        <section class="card stack">
          <h2>An example</h2>
          <p class="muted">
            Columns are the fields of an ad. Only <code>target_url</code> is required; with an <code>id</code>, a
            repeated import creates no ad twice. A media file has the columns <code>media_url</code>,{' '}
            <code>media_type</code>, <code>media_width</code>, <code>media_height</code>, <code>media_bitrate</code> and{' '}
            <code>media_delivery</code>.
          </p>
          <CopyText label="the example" text={EXAMPLE} />
        </section>
      ) : (
        <PreviewCard preview={preview} isBusy={saving.isBusy} onImport={importAds} />
      )}
    </>
  );
}

function rowsOf(records: CsvRecords, results: readonly ImportResult[]): readonly Row[] {
  // Where the API counts other lines, no cells are better than those of another line.
  const isAligned = records.length - 1 === results.length;
  const columns = SHOWN.map((name) => [name, isAligned ? columnOf(records, name) : []] as const);
  return results.map((result, at) => ({
    ...result,
    cells: Object.fromEntries(columns.map(([name, cells]) => [name, cells[at] ?? ''])) as Row['cells'],
  }));
}

const textCell = (name: (typeof SHOWN)[number]) => (row: Row) => (
  <span class="cell-text" dir="auto">
    {row.cells[name] || NO_VALUE}
  </span>
);

const COLUMNS: readonly Column<Row>[] = [
  { key: 'line', label: 'Line', isNumeric: true, cell: ({ line }) => formatCount(line) },
  { key: 'verdict', label: 'Verdict', cell: (row) => <Verdict row={row} /> },
  { key: 'id', label: 'Id', cell: textCell('id') },
  { key: 'title', label: 'Title', cell: textCell('title') },
  { key: 'campaign', label: 'Campaign', cell: textCell('campaign') },
  { key: 'target_url', label: 'Target URL', cell: textCell('target_url') },
];

function Verdict({ row: { status, id, details = [] } }: { readonly row: Row }) {
  if (status === 'valid') return <span class="badge is-active">Valid</span>;
  if (status === 'created') return <a href={addressOf(['ads', id ?? ''])}>Created</a>;
  return (
    <ul class="problems">
      {details.map(({ path, message }) => (
        <li key={`${path} ${message}`}>{message}</li>
      ))}
    </ul>
  );
}

const counted = (count: number, one: string, more: string) => `${formatCount(count)} ${count === 1 ? one : more}`;

function outcomeOf(created: number, rejected: number): string {
  const made = counted(created, 'ad was created', 'ads were created');
  return rejected === 0 ? made : `${made}, ${counted(rejected, 'line was left out', 'lines were left out')}`;
}

function PreviewCard(props: {
  readonly preview: Preview;
  readonly isBusy: boolean;
  readonly onImport: (mode: 'all' | 'valid') => void;
}) {
  const { preview, isBusy, onImport } = props;
  const { name, rows, created } = preview;
  const [filter, setFilter] = useState<'all' | 'rejected'>('all');
  const rejected = rows.filter(({ status }) => status === 'rejected');
  const valid = rows.length - rejected.length;
  const withoutId = rows.filter(({ status, cells }) => status === 'valid' && cells.id === '').length;
  return (
    <section class="card">
      <div class="card-head import-head">
        <h2>
          <span role="status">
            {created === undefined
              ? `${name}: ${formatCount(valid)} of ${formatCount(rows.length)} lines are valid`
              : outcomeOf(created, rejected.length)}
          </span>
        </h2>
        {created === undefined ? (
          <div class="buttons">
            <button
              type="button"
              class={`button ${rejected.length === 0 ? 'primary' : ''}`}
              disabled={isBusy || rejected.length > 0}
              onClick={() => onImport('all')}
            >
              Import all {formatCount(rows.length)}
            </button>
            {rejected.length > 0 && valid > 0 && (
              <button type="button" class="button primary" disabled={isBusy} onClick={() => onImport('valid')}>
                Import the {formatCount(valid)} valid
              </button>
            )}
          </div>
        ) : (
          <a class="button primary" href={addressOf(['ads'])}>
            Show the ads
          </a>
        )}
      </div>
      {created === undefined && (
        <p class="muted">
          {rejected.length > 0 && 'Correct the file and choose it again, or import the valid lines only. '}
          {withoutId > 0 &&
            `${counted(withoutId, 'valid line has', 'valid lines have')} no id: a repeated import would create the ads again.`}
        </p>
      )}
      {rejected.length > 0 && (
        <div class="import-filter">
          <SelectField
            label="Show"
            value={filter}
            options={[
              ['all', `All lines (${formatCount(rows.length)})`],
              ['rejected', `Rejected lines (${formatCount(rejected.length)})`],
            ]}
            onChange={setFilter}
          />
        </div>
      )}
      <Table
        caption="Lines of the file"
        columns={COLUMNS}
        rows={filter === 'all' ? rows : rejected}
        keyOf={({ line }) => String(line)}
      />
    </section>
  );
}
