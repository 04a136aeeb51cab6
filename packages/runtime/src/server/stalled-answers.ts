import type { Socket } from 'node:net';
import { Counter } from 'prom-client';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** Finds answers that their clients do not read. */
export interface StalledAnswers {
  /** Looks at all connections once. Destroys those that made no progress for too long. @param now `performance.now()` */
  sweep(now: number): void;
}

/** One client may have many connections. */
const LOG_EVERY_MS = 60_000;

/** The bytes that a connection had sent when it was last seen to make progress. */
interface Progress {
  readonly handedOver: number;
  readonly queued: number;
  readonly at: number;
}

/**
 * Closes a connection whose answer is not read: bytes wait to be sent, and the system took none of them for `timeoutMs`.
 * A connection that waits for nothing, or from which a little is read again and again, is kept. Sweeping looks at some
 * fields of each socket, so that a request costs nothing.
 *
 * @param sockets of all connections that may have an answer under way
 */
export function createStalledAnswers(
  sockets: () => Iterable<Socket>,
  timeoutMs: number,
  { registry }: Pick<Metrics, 'registry'>,
  logger: Pick<Logger, 'warn'>,
): StalledAnswers {
  const cutOff = new Counter({
    name: 'http_answers_cut_off_total',
    help: 'Connections that were closed because the client took no byte of its answer for HTTP_SEND_TIMEOUT_MS.',
    registers: [registry],
  });
  cutOff.inc(0);
  const waiting = new WeakMap<Socket, Progress>();
  let loggedAt = Number.NEGATIVE_INFINITY;

  function destroy(socket: Socket, now: number): void {
    const { remoteAddress, writableLength } = socket;
    socket.destroy();
    cutOff.inc();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    logger.warn('connection closed: the client does not read its answer', {
      event: 'http.answer_cut_off',
      address: remoteAddress,
      unread_bytes: writableLength,
      timeout_ms: timeoutMs,
    });
  }

  return {
    sweep(now) {
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
 * Bytes of the write that is under way which the system did not take yet. The public `bytesWritten` and `writableLength`
 * change only when a whole write is done, and a large answer is one write; Node's own `socket.setTimeout` looks at this
 * field for the same reason. Zero where Node has no such field: only whole writes count as progress then.
 */
function queuedBytes(socket: Socket): number {
  return (socket as { _handle?: { readonly writeQueueSize?: number } | null })._handle?.writeQueueSize ?? 0;
}
