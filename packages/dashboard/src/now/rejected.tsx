import type { RejectedEvent, RejectedEvents } from '@ads/contract';
import { useState } from 'preact/hooks';
import { read } from '../api/client.js';
import { type Refresh, useReading } from '../api/use-reading.js';
import { formatCount } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { Loaded } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';
import { adviceOn, placeOf } from './rejections.js';

const SHOWN = 6;
const EVERY_MS = 10_000;
/** Reads at each interval, as the live stream reports only counted events. */
const REFRESH: Refresh = { everyMs: EVERY_MS, atLeastMs: EVERY_MS, version: () => undefined };

const COLUMNS: readonly Column<RejectedEvent>[] = [
  { key: 'problem', label: 'Problem', cell: (row) => <Problem row={row} /> },
  { key: 'ad', label: 'Ad id', cell: ({ ad_id }) => <GivenId id={ad_id} /> },
  { key: 'place', label: 'Where', isExtra: true, cell: (row) => placeOf(row) },
  { key: 'count', label: 'Times', isNumeric: true, cell: ({ count }) => formatCount(count) },
  {
    key: 'last',
    label: 'Last',
    isNumeric: true,
    isExtra: true,
    cell: ({ last_at }) => <time dateTime={last_at}>{formatTime(Date.parse(last_at), 'second', BROWSER_ZONE)}</time>,
  },
];

/** Wrong tags and refused events of the last hour, with what to do about each. */
export function Rejected() {
  const reading = useReading((signal) => read<RejectedEvents>('/ads/events/rejected', {}, signal), [], REFRESH);
  const [isWhole, setIsWhole] = useState(false);
  return (
    <section class="card rejected">
      <h2>Rejected, last hour</h2>
      <Loaded reading={reading}>
        {({ rejected, not_listed, complete }) => (
          <>
            {rejected.length === 0 ? (
              <p class="muted">Nothing was rejected. A tag with a mistake would appear here, with what to do.</p>
            ) : (
              <Table
                caption="Rejected events and tags of the last hour"
                columns={COLUMNS}
                rows={isWhole ? rejected : rejected.slice(0, SHOWN)}
                keyOf={({ path, error, message, ad_id }) => JSON.stringify([path, error, message, ad_id])}
              />
            )}
            {rejected.length > SHOWN && (
              <button type="button" class="button more" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
                {isWhole ? 'Show fewer' : `Show all ${rejected.length}`}
              </button>
            )}
            {(not_listed ?? 0) > 0 && (
              <p class="muted">
                {formatCount(not_listed)} more are not listed, because too many different ones arrived.
              </p>
            )}
            {!complete && <p class="muted">This list may lack entries, because Redis or Postgres is unavailable.</p>}
          </>
        )}
      </Loaded>
    </section>
  );
}

/** Any text that a request had in place of an ad id. */
function GivenId({ id }: { readonly id: string | null }) {
  return (
    <bdi class="given-id" title={id ?? undefined}>
      {id ?? '–'}
    </bdi>
  );
}

function Problem({ row }: { readonly row: RejectedEvent }) {
  const { title, text } = adviceOn(row);
  return (
    <span class="problem">
      <span class="problem-title">{title}</span>
      <span class="muted" dir="auto">
        {text}
      </span>
    </span>
  );
}
