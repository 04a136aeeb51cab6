import type { Server } from 'node:http';
import { Counter, Gauge } from 'prom-client';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** A server that is full refuses thousands a second. */
const LOG_EVERY_MS = 60_000;

/**
 * Bounds the connections of a server: each may hold a header that is never completed, some 20 KB. Beyond the limit a new
 * connection is closed at once, and counted; the first in a minute is logged.
 */
export function limitConnections(
  server: Server,
  limit: number,
  { registry }: Pick<Metrics, 'registry'>,
  logger: Logger,
): void {
  const registers = [registry];
  const refused = new Counter({
    name: 'http_connections_refused_total',
    help: 'Connections that were closed at once, as there were HTTP_MAX_CONNECTIONS already.',
    registers,
  });
  let open = 0;
  new Gauge({
    name: 'http_connections',
    help: 'Connections of clients that are open.',
    registers,
    collect() {
      this.set(open);
    },
  });
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
  });
  server.maxConnections = limit;
  let loggedAt = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    refused.inc();
    const now = performance.now();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    logger.warn('new connections are refused: HTTP_MAX_CONNECTIONS are open', {
      event: 'http.connections_refused',
      limit,
    });
  });
}
