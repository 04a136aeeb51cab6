import { waitFor } from '@ads/local';

/** The data of an event; `source` and `ads` are absent in the event `unavailable`, and `all` in a stream of some ads. */
export interface LiveData {
  readonly time: string;
  readonly source?: 'redis' | 'postgres';
  readonly all?: { readonly total_ads: number; readonly total_clicks: number; readonly impressions: number };
  readonly ads?: readonly { readonly ad_id: string; readonly total_clicks: number; readonly impressions: number }[];
}

/** An event of a live stream. */
export interface LiveEvent {
  readonly id: string;
  /** `message` or `unavailable`. */
  readonly name: string;
  readonly data: LiveData;
}

/** A reader of `GET /api/v1/ads/analytics/live`. */
export interface LiveReader {
  readonly status: number;
  readonly headers: Headers;
  /** All events so far. */
  readonly events: readonly LiveEvent[];
  /** The lines so far that are not part of an event: comments and `retry`. */
  readonly otherLines: readonly string[];
  /** True after the stream has ended or failed. */
  isEnded(): boolean;
  /** Waits until an event satisfies the condition. Returns the first one. */
  until(condition: (event: LiveEvent) => boolean, what: string): Promise<LiveEvent>;
  close(): void;
}

/** Longest time between two changes of a state, also on a busy machine. */
const TIMEOUT_MS = 15_000;

/** @param url the address of the stream, with its query */
export async function openLiveReader(url: string, headers: Readonly<Record<string, string>> = {}): Promise<LiveReader> {
  const abort = new AbortController();
  const response = await fetch(url, { headers: { ...headers }, signal: abort.signal });
  const events: LiveEvent[] = [];
  const otherLines: string[] = [];
  let ended = false;

  function take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([a-z]+): (.*)$/.exec(line) ?? [];
      if (name === 'data' || name === 'id' || name === 'event') fields.set(name, value);
      else otherLines.push(line);
    }
    const data = fields.get('data');
    if (data === undefined) return;
    events.push({
      id: fields.get('id') ?? '',
      name: fields.get('event') ?? 'message',
      data: JSON.parse(data) as LiveData,
    });
  }

  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      blocks.forEach(take);
    }
  }
  const end = (): void => {
    ended = true;
  };
  void read().then(end, end);

  return {
    status: response.status,
    headers: response.headers,
    events,
    otherLines,
    isEnded: () => ended,
    until: (condition, what) => waitFor(async () => events.find(condition), { timeoutMs: TIMEOUT_MS, what }),
    close: () => abort.abort(),
  };
}
