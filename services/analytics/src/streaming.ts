import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { invalidRequest, keyEnded, unavailable } from '@ads/contract';
import type { Logger, Metrics } from '@ads/runtime';
import { Gauge } from 'prom-client';
import type { Admissions } from './admissions.js';
import { createPlaces, type Places, RETRY_SECONDS } from './places.js';

/** The kinds of exports. Each has places of its own. Otherwise clients without a key could block the exports of events. */
const EXPORTS = ['events', 'reports'] as const;
type Export = (typeof EXPORTS)[number];

export interface StreamingOptions {
  /** Maximum number of exports of each kind at a time. One client may use half of the exports of reports. */
  readonly most: number;
  /** The longest time of one answer, however slowly its client reads. */
  readonly timeoutMs: number;
  readonly admissions: Pick<Admissions, 'watch'>;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** An answer of any size. */
export interface Streamed {
  readonly headers: Readonly<Record<string, string>>;
  /** The key of the client. */
  readonly client: string;
  /** False once the key of the client no longer works. */
  readonly isAdmitted: () => boolean;
  /**
   * Begins to read. The signal aborts when the answer is complete, its client has gone, its key has ended, or its time is over;
   * the reading must then release what it holds.
   *
   * @returns the parts of the body, which are taken at the pace of the client
   */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<string>>;
}

/**
 * Sends an answer.
 *
 * @throws while nothing is sent: ApiError 400 for HTTP/1.0, 401 for a key that has ended, 503 for too many answers at a time, or
 * the error of `open`
 */
export type Streaming = (response: ServerResponse, streamed: Streamed) => Promise<void>;

/**
 * Streams answers that may be larger than memory: at most one part waits for the client.
 *
 * After the first byte, only a broken connection can show an error: the last chunk of the answer is missing. HTTP/1.0 is refused,
 * because it has no chunks: a client could take such an answer for whole.
 */
export function createStreaming(options: StreamingOptions): Readonly<Record<Export, Streaming>> {
  const places = {
    events: createPlaces(options.most, options.most),
    reports: createPlaces(options.most, Math.ceil(options.most / 2)),
  };
  new Gauge({
    name: 'exports_in_progress',
    help: 'Exports that are being sent, of events or of reports. MAX_EXPORTS limits each.',
    labelNames: ['kind'],
    registers: [options.metrics.registry],
    collect() {
      for (const kind of EXPORTS) this.set({ kind }, places[kind].taken());
    },
  });
  return { events: streamingOf(places.events, options), reports: streamingOf(places.reports, options) };
}

function streamingOf(places: Places, { timeoutMs, admissions, logger }: StreamingOptions): Streaming {
  return async (response, { headers, client, isAdmitted, open: begin }) => {
    const head = { ...headers, 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
    if (response.req.method === 'HEAD') {
      response.writeHead(200, head).end();
      return;
    }
    if (response.req.httpVersion === '1.0') throw invalidRequest('An export needs HTTP/1.1.');
    const leave = places.take(client);
    if (leave === undefined)
      throw unavailable('Too many exports are in progress; retry later.', undefined, RETRY_SECONDS);
    const ended = new AbortController();
    const end = () => ended.abort();
    response.once('close', end);
    const deadline = setTimeout(end, timeoutMs);
    let hasKey = true;
    const unwatch = admissions.watch(isAdmitted, () => {
      hasKey = false;
      end();
    });
    try {
      const parts = await begin(ended.signal);
      response.writeHead(200, head);
      response.flushHeaders();
      for await (const part of parts) {
        if (!response.write(part)) await once(response, 'drain', { signal: ended.signal });
        ended.signal.throwIfAborted();
      }
      response.end();
    } catch (error) {
      if (response.closed) return;
      if (!response.headersSent) throw hasKey ? error : keyEnded();
      if (!hasKey) {
        logger.info('export interrupted: its key or share ended', { event: 'export.key_ended' });
      } else if (ended.signal.aborted) {
        logger.warn('export interrupted: it took longer than EXPORT_TIMEOUT_SECONDS', {
          event: 'export.timed_out',
          timeout_ms: timeoutMs,
        });
      } else logger.error('export interrupted: its rows cannot be read', { event: 'export.failed', error });
      response.destroy();
    } finally {
      clearTimeout(deadline);
      unwatch();
      leave();
      response.removeListener('close', end);
      end();
    }
  };
}
