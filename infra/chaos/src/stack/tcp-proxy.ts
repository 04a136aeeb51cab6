import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '@ads/local';

interface Link {
  readonly client: Socket;
  server: Socket | undefined;
}

/** Decides whether bytes from the server reach the client: `cut` resets the connection instead. */
export type ReplyFilter = (chunk: Buffer) => 'pass' | 'cut';

/** A network between one process and one server that faults can disturb. */
export class TcpProxy {
  readonly port: number;
  readonly #serverPort: number;
  readonly #links = new Set<Link>();
  #listener: Server | undefined;
  #delayMs = 0;
  #silent = false;
  #filter: ReplyFilter | undefined;

  private constructor(port: number, serverPort: number) {
    this.port = port;
    this.#serverPort = serverPort;
  }

  /** Opens an undisturbed network to a port of 127.0.0.1. */
  static async open(serverPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), serverPort);
    await proxy.admit();
    return proxy;
  }

  /** Delays each chunk, in both directions. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
  }

  /** Makes connections half-open until `heal`: closes the server side, and keeps the client side open without an answer. */
  silence(): void {
    this.#silent = true;
    for (const link of this.#links) {
      link.server?.destroy();
      link.server = undefined;
    }
  }

  /** Filters everything that the server sends, until `heal`. */
  filterReplies(filter: ReplyFilter): void {
    this.#filter = filter;
  }

  /** Resets all connections. */
  reset(): void {
    for (const link of this.#links) this.#cut(link);
  }

  /** Refuses new connections, and resets the open ones. */
  async refuse(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.reset();
    if (listener !== undefined) await new Promise((resolve) => listener.close(resolve));
  }

  /** Accepts connections again. */
  async admit(): Promise<void> {
    if (this.#listener !== undefined) return;
    const listener = createServer({ noDelay: true }, (client) => this.#link(client));
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ port: this.port, host: '127.0.0.1' }, resolve);
    });
  }

  /** Ends all disturbances. */
  async heal(): Promise<void> {
    const wasSilent = this.#silent;
    this.#delayMs = 0;
    this.#silent = false;
    this.#filter = undefined;
    // These connections have lost data, so they must be closed.
    if (wasSilent) this.reset();
    await this.admit();
  }

  #link(client: Socket): void {
    const link: Link = { client, server: undefined };
    this.#links.add(link);
    client.on('error', () => undefined);
    client.once('close', () => {
      this.#links.delete(link);
      link.server?.destroy();
    });
    if (this.#silent) {
      client.resume();
      return;
    }
    const server = connect({ port: this.#serverPort, host: '127.0.0.1', noDelay: true });
    link.server = server;
    server.on('error', () => undefined);
    server.once('close', () => {
      if (link.server === server) client.resetAndDestroy();
    });
    this.#relay(client, () => link.server);
    this.#relay(
      server,
      () => client,
      () => this.#cut(link),
    );
  }

  /** Forwards data in order. The delay of each chunk is the one that was set when the chunk arrived. */
  #relay(from: Socket, target: () => Socket | undefined, cut?: () => void): void {
    const queue: { due: number; chunk: Buffer | 'end' }[] = [];
    const deliver = () => {
      for (let first = queue[0]; first !== undefined && first.due <= performance.now(); first = queue[0]) {
        queue.shift();
        const to = target();
        if (to === undefined || to.destroyed) continue;
        if (first.chunk === 'end') to.end();
        else if (!to.write(first.chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      }
      const next = queue[0];
      if (next !== undefined) setTimeout(deliver, Math.max(1, next.due - performance.now()));
    };
    const put = (chunk: Buffer | 'end') => {
      if (this.#silent) return;
      queue.push({ due: performance.now() + this.#delayMs, chunk });
      if (queue.length === 1) deliver();
    };
    from.on('data', (chunk: Buffer) => {
      if (cut !== undefined && this.#filter?.(chunk) === 'cut') cut();
      else put(chunk);
    });
    from.once('end', () => put('end'));
  }

  #cut(link: Link): void {
    this.#links.delete(link);
    link.client.resetAndDestroy();
    link.server?.resetAndDestroy();
  }
}
