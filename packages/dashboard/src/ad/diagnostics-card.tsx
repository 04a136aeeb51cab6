import type { DiagnosticLevel, DiagnosticName } from '@ads/models';
import type { Diagnostic, Quality } from '../api/answers.js';
import { read } from '../api/client.js';
import { useReading } from '../api/use-reading.js';
import { formatCount, formatRate } from '../format/numbers.js';
import { formatTime } from '../format/times.js';
import { Loaded } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';
import { DIAGNOSTIC_WORDS, diagnosedRange, MOST_DAYS } from './diagnostics.js';
import type { AdPartProps } from './read-totals.js';

type Row = Diagnostic & { readonly name: DiagnosticName };

const LEVELS: Readonly<Record<DiagnosticLevel, string>> = { ok: 'Fine', notice: 'Have a look', warning: 'Problem' };
const ORDER: readonly DiagnosticLevel[] = ['warning', 'notice', 'ok'];

const COLUMNS: readonly Column<Row>[] = [
  { key: 'name', label: 'Sign', cell: (row) => <Sign row={row} /> },
  { key: 'share', label: 'Share', isNumeric: true, cell: ({ share }) => formatRate(share) },
];

/** Signs of wrong tags, of caches and of fraud. They change no number. */
export function Diagnostics({ id, choice }: AdPartProps) {
  const { range, from, to, tz } = choice;
  const reading = useReading(
    async (signal) => {
      const { isCut, ...bounds } = diagnosedRange(choice, Date.now());
      const query = { ad_id: id, ...bounds };
      return { isCut, quality: await read<Quality>('/ads/analytics/quality', query, signal) };
    },
    [id, range, from, to, tz],
  );
  return (
    <section class="card diagnostics">
      <h2>Signs of problems</h2>
      <Loaded reading={reading}>
        {({ isCut, quality: { sample, diagnostics } }) => (
          <>
            <p class="muted">
              {isCut ? `From the last ${MOST_DAYS} days of the range. ` : ''}
              {sample.is_complete
                ? ''
                : `From its newest ${formatCount(sample.events)} events, since ${formatTime(Date.parse(sample.from), 'stamp', tz)}. `}
              These are hints. They change no number of this page.
            </p>
            <Signs rows={rowsOf(diagnostics)} />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Signs({ rows }: { readonly rows: readonly Row[] }) {
  const found = rows.filter(({ level }) => level !== 'ok');
  const keyOf = ({ name }: Row) => name;
  return (
    <>
      {found.length === 0 ? (
        <p>No sign of a problem was found.</p>
      ) : (
        <Table caption="Signs of problems" columns={COLUMNS} rows={found} keyOf={keyOf} />
      )}
      <details>
        <summary>Checks without a finding ({rows.length - found.length})</summary>
        <Table
          caption="Checks without a finding"
          columns={COLUMNS}
          rows={rows.filter((row) => !found.includes(row))}
          keyOf={keyOf}
        />
      </details>
    </>
  );
}

/** The worst first. */
function rowsOf(diagnostics: Quality['diagnostics']): readonly Row[] {
  const rows = (Object.keys(DIAGNOSTIC_WORDS) as DiagnosticName[]).map((name) => ({ name, ...diagnostics[name] }));
  return ORDER.flatMap((level) => rows.filter((row) => row.level === level));
}

function Sign({ row: { name, value, of, level } }: { readonly row: Row }) {
  const { title, of: counted, between = 'of', advice } = DIAGNOSTIC_WORDS[name];
  const numbers = `${formatCount(value)} ${between} ${formatCount(of)} ${counted}`;
  return (
    <span class="problem">
      <span class="problem-title">
        {title} <span class={`level is-${level}`}>{of === 0 ? 'No data' : LEVELS[level]}</span>
      </span>
      <span class="muted">{of === 0 ? `No ${counted} in this time` : numbers}</span>
      {level !== 'ok' && <span>{advice}</span>}
    </span>
  );
}
