import { TcpProxy } from './tcp-proxy.js';

interface Route {
  readonly ends: readonly string[];
  readonly proxy: TcpProxy;
}

/** The networks between the servers of a NATS cluster, one for each direction. */
export class NatsRoutes {
  readonly #routes: Route[] = [];

  /** Opens a network to a port of a server. @returns the port to connect to instead */
  async open(from: string, to: string, port: number): Promise<number> {
    const proxy = await TcpProxy.open(port);
    this.#routes.push({ ends: [from, to], proxy });
    return proxy.port;
  }

  /** Cuts a server off from the others, in both directions, until `heal`. */
  async cutOff(name: string): Promise<void> {
    const cut = this.#routes.filter(({ ends }) => ends.includes(name));
    await Promise.all(cut.map(({ proxy }) => proxy.refuse()));
  }

  async heal(): Promise<void> {
    await Promise.all(this.#routes.map(({ proxy }) => proxy.heal()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#routes.map(({ proxy }) => proxy.refuse()));
  }
}
