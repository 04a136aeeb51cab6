import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/variables.js';
import { WholeConnection, type WholeHandler } from './whole-connection.js';

/** The connections that have sent nothing but whole requests. */
export interface WholeConnections {
  /** True while a request of the connection waits for its answer, or the client has not received all of it. */
  isAnswering(socket: Socket): boolean;
  /** The number of requests that wait for their answer. */
  answering(): number;
  sockets(): Iterable<Socket>;
  /** Ends waits that have become too long. @param now `performance.now()` */
  check(now: number): void;
  /** From now on each answer closes its connection. */
  drain(): void;
  closeIdle(): void;
  closeAll(): void;
}

/**
 * Lets `handler` answer the requests that arrive whole. A connection becomes an ordinary one of the server at its first request
 * that is not plain or not for `handler`; the server gets the unanswered bytes first. Node's parser then reads all its requests,
 * with all its checks and timeouts.
 *
 * Node's parser, its message objects and its streams take 13 of the 26 µs that a bare server spends on a click.
 *
 * @param config timeouts in milliseconds; they are kept to the second
 */
export function answerWholeRequests(
  server: Server,
  handler: WholeHandler,
  config: Pick<ServerConfig, 'HTTP_KEEP_ALIVE_TIMEOUT_MS' | 'HTTP_HEADERS_TIMEOUT_MS'>,
): WholeConnections {
  const ordinary = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const connections = new Map<Socket, WholeConnection>();
  let draining = false;

  const keepAliveSeconds = Math.floor(config.HTTP_KEEP_ALIVE_TIMEOUT_MS / 1_000);
  const keepAliveLines = `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveSeconds}\r\n`;
  const take = (socket: Socket): void => {
    const connection = new WholeConnection(socket, {
      handler,
      keepAliveMs: config.HTTP_KEEP_ALIVE_TIMEOUT_MS,
      keepAliveLines,
      firstRequestMs: config.HTTP_HEADERS_TIMEOUT_MS,
      isDraining: () => draining,
      refuse: (error) => server.emit('clientError', error, socket),
      handOver(bytes) {
        connections.delete(socket);
        for (const listener of ordinary) listener.call(server, socket);
        if (bytes.length > 0) socket.unshift(bytes);
      },
    });
    connections.set(socket, connection);
    socket.once('close', () => connections.delete(socket));
  };
  server.on('connection', take);

  const close = (isDue: (connection: WholeConnection) => boolean) => {
    for (const [socket, connection] of connections) if (isDue(connection)) socket.destroy();
  };
  return {
    isAnswering: (socket) => connections.get(socket)?.isAnswering === true || socket.writableLength > 0,
    answering: () => [...connections.values()].filter(({ isAnswering }) => isAnswering).length,
    sockets: () => connections.keys(),
    check(now) {
      for (const connection of connections.values()) connection.check(now);
    },
    drain() {
      draining = true;
    },
    closeIdle: () => close((connection) => connection.isIdle),
    closeAll: () => close(() => true),
  };
}
