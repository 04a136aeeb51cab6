import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import { Address6 } from 'ip-address';

const MAX_CONNECTIONS = 1_024;
/** One read of a socket can contain 3,600 short requests, so without a limit 1,024 connections could fill the memory. */
const MAX_WAITING_REQUESTS = 1_024;

interface Client {
  /** Oldest first. */
  readonly connections: Map<Socket, Connection>;
  waiting: number;
}

interface Connection {
  readonly client: Client;
  /** The request whose response is not complete. */
  current: IncomingMessage | undefined;
  /** Each handles a request that arrived after `current`. */
  readonly waiting: (() => void)[];
}

/**
 * Shares a server between its clients. A client is an IPv4 address or an IPv6 /56 network.
 * - A client has at most 1,024 connections. A further one replaces its oldest idle or half-sent one, or is closed at once.
 * - A connection has one request at a time, as in nginx. It is not read while pipelined requests wait for the response.
 * - A connection is closed if more than 1,024 pipelined requests of its client would wait.
 *
 * @param handle handles a request whose turn it is
 * @returns the listener for requests of the server
 */
export function limitClients(server: Server, handle: RequestListener): RequestListener {
  const clients = new Map<string, Client>();
  const open = new WeakMap<Socket, Connection>();

  server.on('connection', (socket) => {
    const name = clientOf(socket);
    const client = clients.get(name) ?? { connections: new Map(), waiting: 0 };
    if (client.connections.size >= MAX_CONNECTIONS) {
      const idle = oldestIdle(client);
      if (idle === undefined) {
        socket.destroy();
        return;
      }
      idle.destroy();
    }
    const connection: Connection = { client, current: undefined, waiting: [] };
    clients.set(name, client);
    client.connections.set(socket, connection);
    open.set(socket, connection);
    socket.once('close', () => {
      client.waiting -= connection.waiting.length;
      client.connections.delete(socket);
      if (client.connections.size === 0) clients.delete(name);
    });
    // Node calls `resume` after each request. If the socket is paused before the event `resume`, Node still reads, and no
    // second event `pause` is emitted.
    socket.on('resume', () => {
      if (connection.waiting.length > 0) socket.pause().emit('pause');
    });
  });

  return (request, response) => {
    const { socket } = request;
    const connection = open.get(socket);
    if (connection === undefined || socket.destroyed) return;
    const { client, waiting } = connection;
    const begin = () => {
      connection.current = request;
      response.once('close', () => {
        connection.current = undefined;
        const next = socket.destroyed ? undefined : waiting.shift();
        if (next === undefined) return;
        client.waiting -= 1;
        if (waiting.length === 0) socket.resume();
        next();
      });
      handle(request, response);
    };
    if (connection.current === undefined) {
      begin();
    } else if (client.waiting < MAX_WAITING_REQUESTS) {
      client.waiting += 1;
      waiting.push(begin);
      socket.pause();
    } else {
      socket.destroy();
    }
  };
}

/** The oldest connection without a complete request. */
function oldestIdle({ connections }: Client): Socket | undefined {
  for (const [socket, { current }] of connections) if (!socket.destroyed && !current?.complete) return socket;
  return undefined;
}

/** @returns the name under which the connections of a client are counted */
export function clientOf(socket: Pick<Socket, 'remoteAddress'>): string {
  const address = addressOf(socket);
  return isIPv6(address) ? new Address6(`${address}/56`).networkForm() : address;
}

/** @returns the address of the other end; IPv4 on a dual-stack socket is `1.2.3.4`, not `::ffff:1.2.3.4` */
export function addressOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  return remoteAddress.replace(/^::ffff:/, '');
}
