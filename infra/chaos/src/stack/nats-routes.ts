import { TcpProxy } from './tcp-proxy.js';

interface Route {
  readonly ends: readonly string[];
  readonly proxy: TcpProxy;
}

/** The networks between the servers of a NATS cluster, one for each that looks for another. */
export class NatsRoutes {
  readonly #routes: Route[] = [];

  /** A good network to the port of a server. @returns where its other end is */
  async open(from: string, to: string, port: number): Promise<number> {
    const proxy = await TcpProxy.open(port);
    this.#routes.push({ ends: [from, to], proxy });
    return proxy.port;
  }

  /** Nobody reaches this server, nor it anybody, until `heal`. */
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
