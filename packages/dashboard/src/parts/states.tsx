import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../api/problem.js';
import type { Reading } from '../api/use-reading.js';
import { hasShare } from '../share/share.js';
import { openKeyDialog } from '../shell/key-dialog.js';

/** A message in place of a view or a part of it. */
export function Notice({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="notice">
      <p class="notice-title">{title}</p>
      {children}
    </div>
  );
}

/** Why something is not shown, and what to do. */
export function ProblemNotice({ problem }: { readonly problem: ApiProblem }) {
  return (
    <div role="alert">
      <Notice title={titleOf(problem)}>
        <p>{problem.message}</p>
        {problem.details.length > 1 && (
          <ul>
            {problem.details.map(({ path, message }) => (
              <li key={path}>{message}</li>
            ))}
          </ul>
        )}
        {problem.kind === 'key' && !hasShare.value && (
          <button type="button" class="button" onClick={openKeyDialog}>
            Enter an API key
          </button>
        )}
        {problem.kind === 'temporary' && <p class="muted">The page tries again by itself.</p>}
      </Notice>
    </div>
  );
}

function titleOf({ kind, status }: ApiProblem): string {
  if (kind === 'key' && hasShare.value) return 'This link does not open this';
  if (status === 0) return navigator.onLine ? 'The server cannot be reached' : 'You are offline';
  if (status === 401) return 'A key is needed';
  if (status === 403) return 'This key may not do this';
  if (status === 404) return 'Not found';
  return kind === 'temporary' ? 'Not available for the moment' : 'This cannot be shown';
}

/** Shows a value as soon as it is there, and the problem if it is not. A failed refresh keeps the old value. */
export function Loaded<T>(props: {
  readonly reading: Reading<T>;
  /** Shown before the first value; it should take the same space. */
  readonly waiting?: ComponentChildren;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { reading, waiting = <p class="muted waiting">Loading…</p>, children } = props;
  const { value, problem, isOld } = reading;
  if (problem !== undefined && (value === undefined || problem.kind !== 'temporary')) {
    return <ProblemNotice problem={problem} />;
  }
  if (value === undefined) return <div aria-busy="true">{waiting}</div>;
  return (
    <div aria-busy={isOld} class={isOld ? 'is-old' : ''}>
      {children(value)}
    </div>
  );
}
