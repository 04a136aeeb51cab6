import type { Socket } from 'node:net';
import { Counter } from 'prom-client';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** Finds responses that their clients do not read. */
export interface StalledAnswers {
  /** Checks all connections and destroys the stalled ones. @param now `performance.now()` */
  check(now: number): void;
}

/** One line per minute, because one client may have many connections. */
const LOG_EVERY_MS = 60_000;

/** The bytes sent on a connection at its last progress. */
interface Progress {
  readonly handedOver: number;
  readonly queued: number;
  readonly at: number;
}

/**
 * Closes a connection whose client does not read its response: bytes wait to be sent, and the operating system took none of
 * them for `timeoutMs`. Idle connections and slow readers are kept. A check reads some fields of each socket, and adds no cost
 * to requests.
 *
 * @param sockets returns the connections to check
 */
export function createStalledAnswers(
  sockets: () => Iterable<Socket>,
  timeoutMs: number,
  { registry }: Pick<Metrics, 'registry'>,
  logger: Pick<Logger, 'warn'>,
): StalledAnswers {
  const cutOff = new Counter({
    name: 'http_answers_cut_off_total',
    help: 'Connections closed because the client read no byte of its response for HTTP_SEND_TIMEOUT_MS.',
    registers: [registry],
  });
  cutOff.inc(0);
  const waiting = new WeakMap<Socket, Progress>();
  let loggedAt = Number.NEGATIVE_INFINITY;

  function destroy(socket: Socket, now: number): void {
    const { writableLength } = socket;
    socket.destroy();
    cutOff.inc();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    logger.warn('connection closed: the client does not read its response', {
      event: 'http.answer_cut_off',
      unread_bytes: writableLength,
      timeout_ms: timeoutMs,
    });
  }

  return {
    check(now) {
      for (const socket of sockets()) {
        if (socket.writableLength === 0) {
          waiting.delete(socket);
          continue;
        }
        const handedOver = socket.bytesWritten - socket.writableLength;
        const queued = queuedBytes(socket);
        const last = waiting.get(socket);
        if (last === undefined || last.handedOver !== handedOver || last.queued !== queued) {
          waiting.set(socket, { handedOver, queued, at: now });
        } else if (now - last.at >= timeoutMs) destroy(socket, now);
      }
    },
  };
}

/**
 * Bytes of the current write that the system has not taken yet. The public `bytesWritten` and `writableLength` change only
 * after a whole write, and a large response is one write. Node's own `socket.setTimeout` reads this field for the same
 * reason. Returns 0 if Node has no such field; then only whole writes count as progress.
 */
function queuedBytes(socket: Socket): number {
  return (socket as { _handle?: { readonly writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
