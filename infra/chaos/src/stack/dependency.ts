import type { LocalProcess } from '@ads/local';
import { TcpProxy } from './tcp-proxy.js';

/** The servers of every stack. */
export type DependencyName = 'postgres' | 'redis' | 'nats';

/** A real server. Each process that uses it has a separate simulated network to it. */
export class Dependency {
  readonly name: string;
  readonly server: LocalProcess;
  readonly #proxies: ReadonlyMap<string, TcpProxy>;

  private constructor(name: string, server: LocalProcess, proxies: ReadonlyMap<string, TcpProxy>) {
    this.name = name;
    this.server = server;
    this.#proxies = proxies;
  }

  /** @param users the names of the processes, each of which gets a separate network */
  static async open(name: string, server: LocalProcess, users: readonly string[]): Promise<Dependency> {
    const opened = users.map(async (user) => [user, await TcpProxy.open(server.port)] as const);
    return new Dependency(name, server, new Map(await Promise.all(opened)));
  }

  proxyOf(user: string): TcpProxy {
    const proxy = this.#proxies.get(user);
    if (proxy === undefined) throw new Error(`${user} has no network to ${this.name}`);
    return proxy;
  }

  get proxies(): readonly TcpProxy[] {
    return [...this.#proxies.values()];
  }

  /** The variables of a process that reaches the server over its own network. */
  envOf(user: string): Record<string, string> {
    const { env, port } = this.server;
    // Matches a value that is the port, or an address that ends with it.
    const ownPort = new RegExp(`(^|:)${port}$`);
    const renamed = Object.entries(env).map(([name, value]) => [
      name,
      value.replace(ownPort, `$1${this.proxyOf(user).port}`),
    ]);
    return Object.fromEntries(renamed) as Record<string, string>;
  }

  /** Kills the server. Its networks then refuse connections. */
  async kill(): Promise<void> {
    await this.server.kill();
    await this.refuse();
  }

  /** Starts the server with its existing data. */
  async start(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.admit()));
    await this.server.start();
  }

  async refuse(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.refuse()));
  }

  async heal(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.heal()));
  }
}
