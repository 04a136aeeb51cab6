import { useLayoutEffect } from 'preact/hooks';
import { Dialog } from '../parts/dialog.js';
import { hasEntries, leave, leaving } from './router.js';

/** Asks before the entries of a form are lost. @param isUnsaved true while the form has entries that are not saved */
export function useUnsaved(isUnsaved: boolean): void {
  // An effect waits for the next frame, and a click may come before it.
  useLayoutEffect(() => {
    if (!isUnsaved) return;
    const ask = (event: Event) => event.preventDefault();
    hasEntries.value = true;
    window.addEventListener('beforeunload', ask);
    return () => {
      hasEntries.value = false;
      window.removeEventListener('beforeunload', ask);
    };
  }, [isUnsaved]);
}

/** The question, which is part of the shell. */
export function UnsavedDialog() {
  const href = leaving.value;
  const stay = () => {
    leaving.value = undefined;
  };
  return (
    <Dialog
      isOpen={href !== undefined}
      title="Leave without saving?"
      onClose={stay}
      onSubmit={() => href !== undefined && leave(href)}
    >
      <p>What you have entered in this form is not saved, and would be lost.</p>
      <div class="buttons">
        <button type="button" class="button" onClick={stay}>
          Stay
        </button>
        <button type="submit" class="button primary">
          Leave
        </button>
      </div>
    </Dialog>
  );
}
