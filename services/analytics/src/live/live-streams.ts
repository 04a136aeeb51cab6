import type { ServerResponse } from 'node:http';
import { unavailable } from '@ads/contract';
import { every, type Metrics, monotonic } from '@ads/runtime';
import type { Admissions } from '../admissions.js';
import { createLiveFeed, type LiveFeedOptions } from './live-feed.js';
import { type EndReason, LiveStream } from './live-stream.js';
import { createStreamPlaces } from './stream-places.js';

export interface LiveStreamsOptions extends Omit<LiveFeedOptions, 'onLedgerChange'> {
  readonly maxStreams: number;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly admissions: Pick<Admissions, 'watch'>;
}

/** A client that asks for a stream. */
export interface Subscriber {
  /** The client key: places are shared between clients. */
  readonly client: string;
  /** Undefined for all ads together. */
  readonly adIds: readonly string[] | undefined;
  /** The only advertiser whose ads a stream of all ads has; undefined for every advertiser. */
  readonly advertiser: string | undefined;
  readonly response: ServerResponse;
  /** False once the key of the client does not work any more. */
  readonly isAdmitted: () => boolean;
  /** Sends the head of the response. @returns sets the reason of the end for the log */
  readonly begin: () => (reason: string) => void;
}

export interface LiveStreams {
  /** @throws ApiError 503 if there is no place */
  open(subscriber: Subscriber): void;
  /** Ends all streams and opens no more. */
  close(): Promise<void>;
}

const BEAT_MS = 1_000;

/**
 * The open streams of this process. A stream ends when its client disconnects, when its reader is slow, when another client gets
 * its place, when its key ends, when the ledger changes, or when the process shuts down.
 */
export function createLiveStreams(options: LiveStreamsOptions): LiveStreams {
  const places = createStreamPlaces(options.maxStreams, options.metrics);
  const endAll = (reason: EndReason): void => {
    for (const stream of places.all()) stream.end(reason);
  };
  const feed = createLiveFeed({ ...options, onLedgerChange: () => endAll('ledger_changed') });
  const beats = every(BEAT_MS, () => {
    for (const stream of places.all()) stream.beat();
  });
  let closed = false;

  return {
    open({ client, adIds, advertiser, response, isAdmitted, begin }) {
      if (closed) throw unavailable('The service is shutting down; reconnect.');
      // The client disconnected while its request was checked.
      if (response.destroyed) return;
      places.require(client);
      const endsBecause = begin();
      const stream = new LiveStream({
        response,
        now: monotonic,
        onEnd: (reason) => {
          endsBecause(reason);
          places.ended(reason);
          leave();
        },
      });
      const removeFromFeed = feed.add(stream, adIds, advertiser);
      places.add(client, stream);
      const unwatch = options.admissions.watch(isAdmitted, () => stream.end('key_ended'));
      const leave = (): void => {
        unwatch();
        removeFromFeed();
        places.remove(client, stream);
      };
      response.once('close', leave);
    },
    async close() {
      closed = true;
      endAll('shutdown');
      await Promise.all([beats.stop(), feed.stop()]);
    },
  };
}
