import type { Ad, AdStatus } from '@ads/models';
import { useEffect, useState } from 'preact/hooks';
import type { ReportRow } from '../api/answers.js';
import { apiKey } from '../api/key.js';
import { useReading } from '../api/use-reading.js';
import { formatCount } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';
import { SelectField } from '../parts/field.js';
import { Loaded, Notice } from '../parts/states.js';
import { type Column, Table } from '../parts/table.js';
import { addressOf } from '../shell/addresses.js';
import { openKeyDialog } from '../shell/key-dialog.js';
import { go, parameters } from '../shell/router.js';
import { STATUS_LABELS } from './ad-fields.js';
import { StatusBadge, StatusButtons } from './ad-status.js';
import { latest } from './changes.js';
import {
  type AdsList,
  isFiltered,
  type ListChoice,
  pageBefore,
  readAdsList,
  readCounts,
  readListChoice,
  rememberPage,
  writeListChoice,
} from './list.js';
import { type Saving, SavingProblem, useSaving } from './saving.js';

const STATUS_OPTIONS = [['', 'All'], ...Object.entries(STATUS_LABELS)] as [AdStatus | '', string][];
const TYPING_MS = 300;

/** The list of ads. */
export function AdsView() {
  const choice = readListChoice(parameters.value);
  const reading = useReading((signal) => readAdsList(choice, signal), [choice]);
  const change = (part: Partial<ListChoice>, replace = false) =>
    go(addressOf(['ads'], writeListChoice({ ...choice, cursor: '', ...part })), replace);
  return (
    <>
      <div class="list-head">
        <p class="muted under-heading">Newest first. Clicks and impressions of the last seven days.</p>
        <div class="buttons">
          <a class="button" href={addressOf(['import-ads'])}>
            Import a CSV
          </a>
          <a class="button primary" href={addressOf(['new-ad'])}>
            New ad
          </a>
        </div>
      </div>
      {apiKey.value === '' && (
        <p class="muted key-line">
          Without a key this page only shows ads. <code>npm start</code> prints one.{' '}
          <button type="button" class="link-button" onClick={openKeyDialog}>
            Enter a key to change them
          </button>
        </p>
      )}
      <Filters choice={choice} onChange={change} />
      <Loaded reading={reading} waiting={<div class="card list-waiting">Loading…</div>}>
        {(list) => <List list={list} choice={choice} onChange={change} />}
      </Loaded>
    </>
  );
}

interface ChoiceProps {
  readonly choice: ListChoice;
  readonly onChange: (part: Partial<ListChoice>, replace?: boolean) => void;
}

function Filters({ choice, onChange }: ChoiceProps) {
  return (
    <form class="card controls" onSubmit={(event) => event.preventDefault()}>
      <SearchField label="Search id or title" value={choice.q} onChange={(q) => onChange({ q }, true)} />
      <SelectField
        label="Status"
        value={choice.status}
        options={STATUS_OPTIONS}
        onChange={(status) => onChange({ status })}
      />
      <SearchField label="Campaign" value={choice.campaign} onChange={(campaign) => onChange({ campaign }, true)} />
      <SearchField
        label="Advertiser"
        value={choice.advertiser}
        onChange={(advertiser) => onChange({ advertiser }, true)}
      />
    </form>
  );
}

/** A text that takes effect shortly after the last key. */
function SearchField(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  const { label, value, onChange } = props;
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => onChange(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="search"
        value={text}
        dir="auto"
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </label>
  );
}

function List({ list: { ads, next }, choice, onChange }: ChoiceProps & { readonly list: AdsList }) {
  const saving = useSaving();
  const ids = ads.map(({ id }) => id);
  const { value: counts } = useReading((signal) => readCounts(ids, signal), [ids]);
  if (ads.length === 0 && next === undefined && choice.cursor === '') return <NoAds choice={choice} />;
  const goOn = (cursor: string) => {
    rememberPage(choice.cursor, cursor);
    onChange({ cursor });
    window.scrollTo(0, 0);
  };
  const previous = pageBefore(choice.cursor);
  return (
    <section class="card ads-list">
      <SavingProblem problem={saving.problem} />
      {ads.length === 0 && <p class="muted">No ad among those that were searched.</p>}
      <Table caption="Ads" columns={columnsOf(counts, saving)} rows={ads.map(latest)} keyOf={({ id }) => id} />
      {(next !== undefined || choice.cursor !== '') && (
        <nav class="pager" aria-label="Pages">
          <button type="button" class="button" disabled={choice.cursor === ''} onClick={() => onChange({ cursor: '' })}>
            First page
          </button>
          <button
            type="button"
            class="button"
            disabled={previous === undefined}
            onClick={() => previous !== undefined && onChange({ cursor: previous })}
          >
            Previous
          </button>
          <button
            type="button"
            class="button"
            disabled={next === undefined}
            onClick={() => next !== undefined && goOn(next)}
          >
            Next
          </button>
        </nav>
      )}
    </section>
  );
}

function NoAds({ choice }: { readonly choice: ListChoice }) {
  if (isFiltered(choice)) {
    return (
      <Notice title="No ad fits">
        <p>
          Campaign and advertiser must be the whole names. <a href={addressOf(['ads'])}>Show all ads</a>
        </p>
      </Notice>
    );
  }
  return (
    <Notice title="There are no ads yet">
      <p>Create one; it takes events at once. Then copy one of its tags into a page, a player or an ad server.</p>
      <div class="buttons">
        <a class="button primary" href={addressOf(['new-ad'])}>
          Create an ad
        </a>
        <a class="button" href={addressOf(['import-ads'])}>
          Import a CSV
        </a>
      </div>
    </Notice>
  );
}

function columnsOf(counts: ReadonlyMap<string, ReportRow> | undefined, saving: Saving): readonly Column<Ad>[] {
  const countOf = (id: string, name: 'clicks' | 'impressions') =>
    formatCount(counts === undefined ? undefined : (counts.get(id)?.[name] ?? 0));
  return [
    { key: 'ad', label: 'Ad', cell: (ad) => <Name ad={ad} /> },
    { key: 'status', label: 'Status', cell: (ad) => <StatusBadge ad={ad} /> },
    {
      key: 'campaign',
      label: 'Campaign',
      isExtra: true,
      cell: ({ campaign }) => <FilterLink name="campaign" value={campaign} />,
    },
    {
      key: 'advertiser',
      label: 'Advertiser',
      isExtra: true,
      cell: ({ advertiser }) => <FilterLink name="advertiser" value={advertiser} />,
    },
    {
      key: 'impressions',
      label: 'Impressions',
      isNumeric: true,
      isExtra: true,
      cell: ({ id }) => countOf(id, 'impressions'),
    },
    { key: 'clicks', label: 'Clicks', isNumeric: true, cell: ({ id }) => countOf(id, 'clicks') },
    {
      key: 'created',
      label: 'Created',
      isExtra: true,
      cell: ({ created_at }) => formatTime(Date.parse(created_at), 'day', BROWSER_ZONE),
    },
    {
      key: 'actions',
      label: 'Actions',
      isNumeric: true,
      isExtra: true,
      cell: (ad) => (
        <span class="row-actions">
          <a class="button small" href={addressOf(['ads', ad.id, 'tags'])}>
            Tags<span class="unseen"> {ad.title ?? ad.id}</span>
          </a>
          <StatusButtons ad={ad} saving={saving} />
        </span>
      ),
    },
  ];
}

function Name({ ad: { id, title } }: { readonly ad: Ad }) {
  return (
    <a class="quiet" href={addressOf(['ads', id])}>
      <span class="ad-name">
        <span class="ad-title" dir="auto">
          {title ?? id}
        </span>
        {title !== null && (
          <span class="muted ad-id" dir="auto">
            {id}
          </span>
        )}
      </span>
    </a>
  );
}

function FilterLink({ name, value }: { readonly name: 'campaign' | 'advertiser'; readonly value: string | null }) {
  if (value === null) return null;
  return (
    <a class="quiet cell-text" dir="auto" href={addressOf(['ads'], { [name]: value })}>
      {value}
    </a>
  );
}
