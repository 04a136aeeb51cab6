import { useState } from 'preact/hooks';
import type { AdChange, AdHistory } from '../api/ad-answers.js';
import { read } from '../api/client.js';
import { type ApiProblem, problemOf } from '../api/problem.js';
import { useReading } from '../api/use-reading.js';
import { NO_VALUE } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime, zoneName } from '../format/times.js';
import { Loaded, ProblemNotice } from '../parts/states.js';
import { FIELD_LABELS, showValue } from './ad-fields.js';
import { lastChange } from './changes.js';
import { NeedsKey } from './needs-key.js';

const ACTIONS: Readonly<Record<AdChange['action'], string>> = {
  created: 'Created',
  changed: 'Changed',
  archived: 'Archived',
};

const PAGE = 50;

const readHistory = (id: string, cursor?: string, signal?: AbortSignal) =>
  read<AdHistory>(`/ads/${encodeURIComponent(id)}/history`, { limit: PAGE, cursor }, signal);

/** The changes of an ad with their authors, newest first. */
export function HistoryView({ id }: { readonly id: string }) {
  return (
    <NeedsKey purpose="see the history">
      <History id={id} />
    </NeedsKey>
  );
}

function History({ id }: { readonly id: string }) {
  const version = lastChange(id);
  const reading = useReading((signal) => readHistory(id, undefined, signal), [id, version]);
  return (
    <>
      <p class="muted under-heading">
        Changes through the API and this page, newest first. Times in {zoneName(BROWSER_ZONE)}.
      </p>
      <Loaded reading={reading}>{(first) => <Changes key={version} id={id} first={first} />}</Loaded>
    </>
  );
}

function Changes({ id, first }: { readonly id: string; readonly first: AdHistory }) {
  const [older, setOlder] = useState<readonly AdHistory[]>([]);
  const [problem, setProblem] = useState<ApiProblem>();
  const pages = [first, ...older];
  const next = pages.at(-1)?.next_cursor ?? null;
  const more = async (cursor: string) => {
    try {
      const page = await readHistory(id, cursor);
      setOlder((before) => [...before, page]);
      setProblem(undefined);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const changes = pages.flatMap((page) => page.changes);
  if (changes.length === 0)
    return <p class="muted">No change was made through the API. Changes by SQL are not noted.</p>;
  return (
    <>
      <ol class="history">
        {changes.map((change, at) => (
          <li key={`${changes.length - at}`} class="card">
            <p class="history-head">
              <b>{ACTIONS[change.action]}</b> by <bdi>{change.changed_by}</bdi>
              <time class="muted" datetime={change.changed_at}>
                {formatTime(Date.parse(change.changed_at), 'stamp', BROWSER_ZONE)}
              </time>
            </p>
            <Fields change={change} />
          </li>
        ))}
      </ol>
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {next !== null && (
        <button type="button" class="button more" onClick={() => void more(next)}>
          Show older changes
        </button>
      )}
    </>
  );
}

/** The fields that a change changed; for a new ad, those that have a value. */
function Fields({ change: { old, new: now } }: { readonly change: AdChange }) {
  const names = Object.keys(now).filter(
    (name) => FIELD_LABELS[name] !== undefined && (old !== null || showValue(name, now[name]) !== NO_VALUE),
  );
  return (
    <dl class="fields">
      {names.map((name) => (
        <div key={name}>
          <dt>{FIELD_LABELS[name]}</dt>
          <dd dir="auto">
            {old !== null && (
              <>
                <del>{showValue(name, old[name])}</del>
                <span aria-hidden="true"> → </span>
              </>
            )}
            <ins>{showValue(name, now[name])}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
