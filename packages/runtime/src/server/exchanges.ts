import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The latest request of a connection, and the answer that has to come before its own. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly before: ServerResponse | undefined;
}

interface Connection {
  readonly socket: Socket;
  latest: Exchange | undefined;
}

/**
 * What is under way on each connection. In objects that live as long as the connections do: a set of all answers, to
 * which one is added and from which one is taken with each request, is copied again and again as it fills up with holes,
 * and each copy kept what was under way then: a fifth of the time went into its garbage.
 */
export class Exchanges {
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
    connection.latest = { request, response, before: connection.latest?.response };
  }

  /** To be told when an answer is closed. An idle connection holds nothing: there may be many, and headers are large. */
  end({ request, response }: Pick<Exchange, 'request' | 'response'>): void {
    const connection = this.#bySocket.get(request.socket);
    const forget = () => {
      if (connection?.latest?.response === response) connection.latest = undefined;
    };
    // An answer may be out before the request is in: until then a refusal of the rest has to know.
    if (request.complete) forget();
    else request.once('close', forget);
  }

  latestOf(socket: Duplex): Exchange | undefined {
    return this.#bySocket.get(socket)?.latest;
  }

  /** The connections that are open and had a request. */
  *sockets(): Generator<Socket> {
    for (const { socket } of this.#connections) yield socket;
  }

  /** Of each connection that waits for an answer the last one that it will get. */
  open(): ServerResponse[] {
    return [...this.#connections].flatMap(({ latest }) =>
      latest === undefined || latest.response.writableFinished ? [] : [latest.response],
    );
  }
}
