import type { ComponentChildren } from 'preact';

/** A text on a bar. The number is beside it, so the bar is hidden from screen readers. @param length from 0 to 1 */
export function Bar({ length, children }: { readonly length: number; readonly children: ComponentChildren }) {
  return (
    <span class="bar-track">
      <span class="bar-length" style={{ inlineSize: `${(100 * Math.min(1, length)).toFixed(2)}%` }} />
      <span class="bar-text">{children}</span>
    </span>
  );
}
