import type { Server } from 'node:http';
import { Counter, Gauge } from 'prom-client';
import type { Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** A full server refuses thousands of connections a second. */
const LOG_EVERY_MS = 60_000;

/**
 * Limits the connections of a server, because each may hold 20 KB of incomplete headers. A new connection beyond the limit
 * is closed at once and counted; the first one in a minute is logged.
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
    help: 'Connections closed at once because HTTP_MAX_CONNECTIONS were open.',
    registers,
  });
  let open = 0;
  new Gauge({
    name: 'http_connections',
    help: 'Open connections of clients.',
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
