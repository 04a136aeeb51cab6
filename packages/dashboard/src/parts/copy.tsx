import { useRef, useState } from 'preact/hooks';

const SHOWN_MS = 2_000;

/** A text to copy, such as a command or a tag. */
export function CopyText({ label, text }: { readonly label: string; readonly text: string }) {
  const code = useRef<HTMLElement>(null);
  const [state, setState] = useState<'ready' | 'copied' | 'selected'>('ready');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      // Browsers allow the clipboard only on https and localhost. Elsewhere the text is selected, and the user copies it.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current);
      setState('selected');
    }
    setTimeout(() => setState('ready'), SHOWN_MS);
  };
  return (
    <div class="copy">
      <pre>
        <code ref={code}>{text}</code>
      </pre>
      <button type="button" class="button" onClick={() => void copy()}>
        <span aria-live="polite">{{ ready: 'Copy', copied: 'Copied', selected: 'Press Ctrl+C' }[state]}</span>
        <span class="unseen"> {label}</span>
      </button>
    </div>
  );
}
