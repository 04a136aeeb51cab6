/** A message of a stream of server-sent events. */
export interface StreamEvent {
  /** `message` if the stream names none. */
  readonly name: string;
  readonly data: string;
}

export interface EventHandlers {
  readonly onEvent: (event: StreamEvent) => void;
  /** Pause before the next connection that the stream asks for, in milliseconds. */
  readonly onRetry: (retryMs: number) => void;
}

/**
 * Parses a stream of server-sent events, as `EventSource` does. The page cannot use `EventSource`, which sends no headers and so no
 * key.
 *
 * @returns takes the next part of the text, which may end anywhere
 */
export function createEventParser({ onEvent, onRetry }: EventHandlers): (text: string) => void {
  let rest = '';
  let name = '';
  let data: string[] = [];

  const readLine = (line: string) => {
    if (line === '') {
      if (data.length > 0) onEvent({ name: name || 'message', data: data.join('\n') });
      name = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') name = value;
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
  };

  return (text) => {
    const whole = rest + text;
    // A line may end with CR LF, whose LF may come with the next part.
    const end = whole.endsWith('\r') ? whole.length - 1 : whole.length;
    const lines = whole.slice(0, end).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + whole.slice(end);
    for (const line of lines) readLine(line);
  };
}
