import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Counter, Gauge } from 'prom-client';
import type { ServerConfig } from '../config/variables.js';
import type { LogFields, Logger } from '../log/logger.js';
import type { Metrics } from '../metrics/metrics.js';

/** One line per minute, because a full server may refuse thousands of connections a second. */
const LOG_EVERY_MS = 60_000;

export interface ConnectionLimitOptions {
  readonly config: Pick<ServerConfig, 'HTTP_MAX_CONNECTIONS' | 'HTTP_MAX_CONNECTIONS_PER_ADDRESS'>;
  /**
   * The client address or network under which a connection is counted. Undefined for a trusted proxy, which has many clients.
   */
  readonly ownerOf: (socket: Socket) => string | undefined;
  /** False while a complete request of the connection waits for its response. */
  readonly isIdle: (socket: Socket) => boolean;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Limits the connections of a server, because each may hold 20 KB of incomplete headers, and divides them between owners.
 * - An owner holds at most `HTTP_MAX_CONNECTIONS_PER_ADDRESS` connections; a further one is closed at once.
 * - While `HTTP_MAX_CONNECTIONS` are open, a new connection may replace another one. The candidate is the owner with the most
 *   connections, if it has at least two more than the owner of the new connection: its oldest connection that is idle or has
 *   an incomplete request is closed. Otherwise the new connection is closed at once.
 *
 * Connections of trusted proxies have no owner: they count towards `HTTP_MAX_CONNECTIONS` only, and are never replaced. The
 * search for the largest owner reads one number for each owner.
 */
export function limitConnections(server: Server, options: ConnectionLimitOptions): void {
  const { config, ownerOf, isIdle, metrics, logger } = options;
  const { HTTP_MAX_CONNECTIONS: limit, HTTP_MAX_CONNECTIONS_PER_ADDRESS: limitPerAddress } = config;
  const registers = [metrics.registry];
  const refused = new Counter({
    name: 'http_connections_refused_total',
    help: 'Connections closed at once because of HTTP_MAX_CONNECTIONS or HTTP_MAX_CONNECTIONS_PER_ADDRESS.',
    registers,
  });
  const replaced = new Counter({
    name: 'http_connections_replaced_total',
    help: 'Idle or incomplete connections that were closed for a connection of another address, because HTTP_MAX_CONNECTIONS were open.',
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
  const logFull = rarely((fields) =>
    logger.warn('connections are refused or replaced: HTTP_MAX_CONNECTIONS is reached', {
      event: 'http.connections_refused',
      ...fields,
    }),
  );
  const logOwner = rarely((fields) =>
    logger.warn('connections of an address are refused: it has reached HTTP_MAX_CONNECTIONS_PER_ADDRESS', {
      event: 'http.address_refused',
      ...fields,
    }),
  );

  /** The connections of each owner, oldest first. */
  const connections = new Map<string, Set<Socket>>();

  /** Closes a connection of the largest owner. False if that would not make the shares more equal. */
  function makeRoom(held: number): boolean {
    let largest: ReadonlySet<Socket> = new Set();
    for (const sockets of connections.values()) if (sockets.size > largest.size) largest = sockets;
    if (largest.size < held + 2) return false;
    for (const socket of largest) {
      if (socket.destroyed || !isIdle(socket)) continue;
      socket.destroy();
      replaced.inc();
      return true;
    }
    return false;
  }

  server.on('connection', (socket) => {
    const owner = ownerOf(socket);
    const own = (owner === undefined ? undefined : connections.get(owner)) ?? new Set();
    if (own.size >= limitPerAddress) {
      refused.inc();
      logOwner({ limit: limitPerAddress });
      socket.destroy();
      return;
    }
    if (open >= limit) {
      logFull({ limit });
      if (!makeRoom(own.size)) {
        refused.inc();
        socket.destroy();
        return;
      }
    }
    open += 1;
    if (owner !== undefined) connections.set(owner, own.add(socket));
    socket.once('close', () => {
      open -= 1;
      own.delete(socket);
      if (owner !== undefined && own.size === 0) connections.delete(owner);
    });
  });
}

function rarely(log: (fields: LogFields) => void): (fields: LogFields) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (fields) => {
    const now = performance.now();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    log(fields);
  };
}
