import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The latest request of a connection, its response, and the response before it. */
export interface OpenRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The response of the request before this one: it must be sent first. */
  readonly previous: ServerResponse | undefined;
}

interface Connection {
  readonly socket: Socket;
  latest: OpenRequest | undefined;
}

/**
 * The open request of each connection, kept in one object per connection. A single set of all responses would take a fifth of
 * the CPU time: it changes twice per request, so V8 copies it repeatedly, and each copy keeps garbage in memory.
 */
export class OpenRequests {
  readonly #bySocket = new WeakMap<Duplex, Connection>();
  readonly #connections = new Set<Connection>();

  begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    let connection = this.#bySocket.get(socket);
    if (connection === undefined) {
      const opened: Connection = { socket, latest: undefined };
      this.#bySocket.set(socket, opened);
      this.#connections.add(opened);
      socket.once('close', () => this.#connections.delete(opened));
      connection = opened;
    }
    connection.latest = { request, response, previous: connection.latest?.response };
  }

  /** Call this when a response closes. An idle connection then keeps no headers in memory. */
  end({ request, response }: Pick<OpenRequest, 'request' | 'response'>): void {
    const connection = this.#bySocket.get(request.socket);
    const forget = () => {
      if (connection?.latest?.response === response) connection.latest = undefined;
    };
    // The response may end before the request does. A refusal of the rest of the request needs this response.
    if (request.complete) forget();
    else request.once('close', forget);
  }

  latestOf(socket: Duplex): OpenRequest | undefined {
    return this.#bySocket.get(socket)?.latest;
  }

  /** False while a complete request of the connection waits for its response. */
  isIdle(socket: Duplex): boolean {
    const latest = this.latestOf(socket);
    return latest === undefined || !(latest.request.complete || latest.previous?.writableFinished === false);
  }

  /** The open connections that have sent a request. */
  *sockets(): Generator<Socket> {
    for (const { socket } of this.#connections) yield socket;
  }

  /** The last unfinished response of each connection. */
  open(): ServerResponse[] {
    return [...this.#connections].flatMap(({ latest }) =>
      latest === undefined || latest.response.writableFinished ? [] : [latest.response],
    );
  }
}
