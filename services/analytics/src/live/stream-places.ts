import { unavailable } from '@ads/contract';
import type { Metrics } from '@ads/runtime';
import { Counter, Gauge } from 'prom-client';
import type { EndReason, LiveStream } from './live-stream.js';

/** Seconds until a refused client may try again. */
const RETRY_AFTER_SECONDS = 10;

/** The places of all open streams, at most `MAX_STREAMS`, shared between clients. */
export interface StreamPlaces {
  /**
   * Makes room for one more stream of the client. When all places are taken, the oldest stream of the client that holds the most
   * is ended, if that client holds at least two more than this one.
   *
   * @throws ApiError 503 if there is no place
   */
  require(client: string): void;
  add(client: string, stream: LiveStream): void;
  /** Frees the place of a stream. Does nothing if it was freed already. */
  remove(client: string, stream: LiveStream): void;
  /** Counts a stream that the service ended. */
  ended(reason: EndReason): void;
  /** All open streams. */
  all(): LiveStream[];
}

const DROPS = ['slow_reader', 'replaced'] as const satisfies readonly EndReason[];

/** Exports the gauge `live_streams` and the counter `live_streams_dropped_total`. */
export function createStreamPlaces(maxStreams: number, { registry }: Pick<Metrics, 'registry'>): StreamPlaces {
  /** The streams of each client, oldest first. */
  const byClient = new Map<string, Set<LiveStream>>();
  let open = 0;
  const registers = [registry];
  new Gauge({
    name: 'live_streams',
    help: 'Open streams of GET /api/v1/ads/analytics/live.',
    registers,
    collect() {
      this.set(open);
    },
  });
  const dropped = new Counter({
    name: 'live_streams_dropped_total',
    help: 'Streams that were dropped: their reader was slow, or they were replaced by one of another client because MAX_STREAMS were open.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of DROPS) dropped.inc({ reason }, 0);

  function makeRoom(client: string): boolean {
    let largest: ReadonlySet<LiveStream> = new Set();
    for (const streams of byClient.values()) if (streams.size > largest.size) largest = streams;
    if (largest.size < (byClient.get(client)?.size ?? 0) + 2) return false;
    const [oldest] = largest;
    oldest?.end('replaced');
    return true;
  }

  return {
    require(client) {
      if (open < maxStreams || makeRoom(client)) return;
      const message = `${maxStreams} streams are open, the limit of MAX_STREAMS; retry later, or read GET /api/v1/ads/analytics.`;
      throw unavailable(message, undefined, RETRY_AFTER_SECONDS);
    },
    add(client, stream) {
      const streams = byClient.get(client) ?? new Set();
      byClient.set(client, streams.add(stream));
      open += 1;
    },
    remove(client, stream) {
      const streams = byClient.get(client);
      if (!streams?.delete(stream)) return;
      open -= 1;
      if (streams.size === 0) byClient.delete(client);
    },
    ended(reason) {
      if (isDrop(reason)) dropped.inc({ reason });
    },
    all: () => [...byClient.values()].flatMap((streams) => [...streams]),
  };
}

function isDrop(reason: EndReason): reason is (typeof DROPS)[number] {
  return (DROPS as readonly EndReason[]).includes(reason);
}
