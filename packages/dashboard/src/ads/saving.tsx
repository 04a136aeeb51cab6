import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiProblem, problemOf } from '../api/problem.js';
import { openKeyDialog } from '../shell/key-dialog.js';

/** The problems of fields, by their paths in the request. */
export type FieldErrors = ReadonlyMap<string, string>;

/** A request that changes something. */
export interface Saving {
  readonly isBusy: boolean;
  readonly problem: ApiProblem | undefined;
  readonly errors: FieldErrors;
  /** Runs the request unless one is in progress. */
  readonly run: (work: () => Promise<void>) => void;
  /** Forgets the errors of these fields, because their texts were changed. */
  readonly forget: (names: readonly string[]) => void;
}

const NONE: FieldErrors = new Map();

/** Keeps the state of a request. After an error of a field, that field has the focus. */
export function useSaving(): Saving {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const [errors, setErrors] = useState(NONE);
  const isRunning = useRef(false);

  useEffect(() => {
    if (problem !== undefined) document.querySelector<HTMLElement>('form [aria-invalid="true"]')?.focus();
  }, [problem]);

  const run = async (work: () => Promise<void>) => {
    if (isRunning.current) return;
    isRunning.current = true;
    setIsBusy(true);
    setProblem(undefined);
    setErrors(NONE);
    try {
      await work();
    } catch (error) {
      const failed = problemOf(error);
      setProblem(failed);
      setErrors(new Map(failed.details.map(({ path, message }) => [path, message])));
    }
    isRunning.current = false;
    setIsBusy(false);
  };
  const forget = (names: readonly string[]) => {
    const isLeft = (path: string) => !names.some((name) => path === name || path.startsWith(`${name}.`));
    setErrors((before) => new Map([...before].filter(([path]) => isLeft(path))));
  };
  return { isBusy, problem, errors, run: (work) => void run(work), forget };
}

/**
 * Why a request failed, in one line.
 *
 * @param isOfField true for the path of a field that shows its own error
 */
export function SavingProblem(props: {
  readonly problem: ApiProblem | undefined;
  readonly isOfField?: (path: string) => boolean;
}) {
  const { problem, isOfField = () => false } = props;
  return (
    <div role="alert" class="saving-problem">
      {problem !== undefined && <Reason problem={problem} isOfField={isOfField} />}
    </div>
  );
}

function Reason({ problem, isOfField }: { problem: ApiProblem; isOfField: (path: string) => boolean }) {
  const { kind, message, details } = problem;
  const others = details.filter(({ path }) => !isOfField(path));
  if (details.length > 0 && others.length === 0) {
    return (
      <p>{details.length === 1 ? 'One field needs a correction.' : `${details.length} fields need a correction.`}</p>
    );
  }
  return (
    <p>
      {message} {kind === 'temporary' && 'Try again.'}
      {kind === 'key' && (
        <button type="button" class="button" onClick={openKeyDialog}>
          Enter another key
        </button>
      )}
    </p>
  );
}
