import type { LiveState } from './answers.js';
import { authorization, urlOf } from './client.js';
import { createEventParser } from './event-parser.js';
import { type ApiProblem, problemOf, problemOfAnswer } from './problem.js';

/**
 * The connection of a live stream. `connecting`: the first attempt is in progress. `live`: states arrive. `waiting`: the next
 * attempt follows a pause. `refused`: no attempt follows until the key changes. `paused`: the tab is hidden.
 */
export type Link = 'connecting' | 'live' | 'waiting' | 'refused' | 'paused';

export interface LiveHandlers {
  readonly onState: (state: LiveState) => void;
  readonly onLink: (link: Link, problem?: ApiProblem) => void;
  /** Neither Redis nor Postgres answers; the stream stays open. */
  readonly onUnavailable: (message: string) => void;
}

/** A stream sends at least one line every 15 s, so a connection without one for this time is broken. */
const SILENCE_MS = 40_000;
const PAUSE_MS = { first: 1_000, most: 30_000 };
/** A hidden tab closes its stream after this time: browsers allow six connections to a server for all tabs together. */
const HIDDEN_MS = 30_000;

/**
 * Follows the counters of some ads, or of all ads together. Reconnects after each end of the stream.
 *
 * @param adIds empty for all ads
 * @returns ends it
 */
export function followLive(adIds: readonly string[], handlers: LiveHandlers): () => void {
  let connection: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = PAUSE_MS.first;
  let failures = 0;
  let isStopped = false;

  const connect = async () => {
    clearTimeout(timer);
    connection?.abort();
    const abort = new AbortController();
    connection = abort;
    if (failures === 0) handlers.onLink('connecting');
    let problem: ApiProblem | undefined;
    try {
      await readStream(adIds, abort, {
        ...handlers,
        onState(state) {
          failures = 0;
          handlers.onState(state);
        },
        onRetry(asked) {
          retryMs = asked;
        },
      });
    } catch (error) {
      problem = problemOf(error);
    }
    if (isStopped || connection !== abort) return;
    if (problem !== undefined && problem.kind !== 'temporary') {
      handlers.onLink('refused', problem);
      return;
    }
    failures += 1;
    handlers.onLink('waiting', problem);
    timer = setTimeout(connect, pauseAfter(failures, retryMs, problem?.retryAfterMs));
  };

  const watchTab = () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => {
        connection?.abort();
        connection = undefined;
        handlers.onLink('paused');
      }, HIDDEN_MS);
    } else if (connection === undefined || failures > 0) void connect();
  };
  const reconnect = () => void connect();

  document.addEventListener('visibilitychange', watchTab);
  window.addEventListener('online', reconnect);
  void connect();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    connection?.abort();
    document.removeEventListener('visibilitychange', watchTab);
    window.removeEventListener('online', reconnect);
  };
}

/** The pause before the next attempt, with jitter: many pages lose their streams at the same moment. */
function pauseAfter(failures: number, retryMs: number, askedMs = 0): number {
  const backoff = Math.min(retryMs * 2 ** (failures - 1), PAUSE_MS.most);
  return Math.max(askedMs, backoff * (0.5 + Math.random() / 2));
}

interface StreamHandlers extends LiveHandlers {
  readonly onRetry: (retryMs: number) => void;
}

/** Reads one stream to its end. @throws ApiProblem, or the error of a broken connection */
async function readStream(adIds: readonly string[], abort: AbortController, handlers: StreamHandlers): Promise<void> {
  const { onState, onLink, onUnavailable, onRetry } = handlers;
  let watch = setTimeout(() => abort.abort(), SILENCE_MS);
  try {
    const url = urlOf('/ads/analytics/live', { ad_id: adIds });
    const headers = { Accept: 'text/event-stream', ...authorization() };
    const response = await fetch(url, { headers, signal: abort.signal, cache: 'no-store' });
    if (!response.ok || response.body === null) throw await problemOfAnswer(response);
    onLink('live');
    const parse = createEventParser({
      onRetry,
      onEvent({ name, data }) {
        if (name === 'message') onState(JSON.parse(data) as LiveState);
        else if (name === 'unavailable') onUnavailable((JSON.parse(data) as { message: string }).message);
      },
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watch);
      watch = setTimeout(() => abort.abort(), SILENCE_MS);
      parse(value);
    }
  } finally {
    clearTimeout(watch);
  }
}
