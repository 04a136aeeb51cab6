import type { Ad } from '@ads/models';
import { useEffect, useRef } from 'preact/hooks';
import type { AdChange, AdHistory } from '../api/ad-answers.js';
import { read } from '../api/client.js';
import { NO_VALUE } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { type Column, Table } from '../parts/table.js';
import { FIELD_LABELS, showValue } from './ad-fields.js';
import { type AdVersion, readVersion } from './changes.js';
import { type AdTexts, changesOf, textsOf } from './form.js';

/** A change that was not saved, because somebody else changed the ad meanwhile. */
export interface LostUpdate {
  readonly theirs: AdVersion;
  /** The last change in the history; undefined if the history has none. */
  readonly last: AdChange | undefined;
}

/** Reads the newest version of an ad, and who made it. */
export async function readConflict({ id }: Ad): Promise<LostUpdate> {
  const path = `/ads/${encodeURIComponent(id)}/history`;
  const [theirs, { changes }] = await Promise.all([readVersion(id), read<AdHistory>(path, { limit: 1 })]);
  return { theirs, last: changes[0] };
}

interface Row {
  readonly name: string;
  readonly before: string;
  readonly theirs: string;
  readonly mine: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: 'name', label: 'Field', cell: ({ name }) => FIELD_LABELS[name] ?? name },
  { key: 'before', label: 'When you began', isExtra: true, cell: ({ before }) => <Value text={before} /> },
  { key: 'theirs', label: 'Now', cell: ({ theirs }) => <Value text={theirs} /> },
  { key: 'mine', label: 'Yours', cell: ({ mine }) => <Value text={mine} /> },
];

const Value = ({ text }: { readonly text: string }) => (
  <span class="value" dir="auto">
    {text}
  </span>
);

/** Shows what somebody else changed, and asks what to do with the own changes. */
export function Conflict(props: {
  readonly before: Ad;
  readonly mine: AdTexts;
  readonly conflict: LostUpdate;
  readonly onKeep: () => void;
  readonly onDiscard: () => void;
}) {
  const { before, mine, conflict, onKeep, onDiscard } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { theirs, last } = conflict;
  const by =
    last === undefined
      ? ''
      : ` by ${last.changed_by}, ${formatTime(Date.parse(last.changed_at), 'stamp', BROWSER_ZONE)}`;
  return (
    <section class="card conflict" aria-labelledby="conflict-title">
      <h2 id="conflict-title" ref={heading} tabIndex={-1}>
        This ad was changed meanwhile{by}
      </h2>
      <p>Your changes were not saved, so that nothing is overwritten.</p>
      <Table
        caption="Fields that differ"
        columns={COLUMNS}
        rows={rowsOf(before, theirs.ad, mine)}
        keyOf={({ name }) => name}
      />
      <div class="buttons">
        <button type="button" class="button" onClick={onDiscard}>
          Discard my changes
        </button>
        <button type="button" class="button primary" onClick={onKeep}>
          Put my changes on top
        </button>
      </div>
    </section>
  );
}

function rowsOf(before: Ad, theirs: Ad, mine: AdTexts): Row[] {
  const old = textsOf(before);
  const [changedByThem, changedByMe] = [changesOf(old, textsOf(theirs)), changesOf(old, mine)];
  const names = new Set([...Object.keys(changedByThem), ...Object.keys(changedByMe)]);
  return [...names].map((name) => ({
    name,
    before: showValue(name, before[name as keyof Ad]),
    theirs: showValue(name, theirs[name as keyof Ad]),
    mine: name in changedByMe ? showValue(name, changedByMe[name]) : NO_VALUE,
  }));
}
