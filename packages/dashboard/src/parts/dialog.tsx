import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

/**
 * A dialog over the page. Its first field or button gets the focus. The browser keeps the focus in it, and gives it back when
 * it closes.
 *
 * @param onClose also called for the Escape key
 */
export function Dialog(props: {
  readonly isOpen: boolean;
  readonly title: string;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
  readonly children: ComponentChildren;
}) {
  const { isOpen, title, onClose, onSubmit, children } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null || isOpen === element.open) return;
    if (isOpen) element.showModal();
    else element.close();
  }, [isOpen]);
  // The browser reports a close later, when the dialog may be open again.
  const closed = () => {
    if (isOpen && dialog.current?.open === false) onClose();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={closed}>
      {isOpen && (
        <form onSubmit={submit}>
          <h2 id={id}>{title}</h2>
          {children}
        </form>
      )}
    </dialog>
  );
}
