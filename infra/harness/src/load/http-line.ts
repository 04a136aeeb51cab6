import { createConnection, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** True if the answer has `Retry-After`. */
  readonly retryAfter: boolean;
  readonly body: string;
}

/**
 * A keep-alive connection with one request at a time. It uses much less CPU than Node's client, so on a small machine the load
 * does not limit the measurement. Every answer must have a Content-Length.
 */
export class HttpLine {
  readonly #port: number;
  #socket: Socket | undefined;
  #text = '';
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** @param request the complete HTTP request as text @throws Error if the connection closes before the answer */
  ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket ??= this.#connect();
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = createConnection({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const ended = (error: Error) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#text = '';
      this.#settle?.reject(error);
    };
    socket.on('data', (chunk) => this.#read(chunk.toString('latin1')));
    socket.on('error', ended);
    socket.on('close', () => ended(new Error('connection closed before the answer')));
    return socket;
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#text.length < end + 4 + length) return;
    const body = this.#text.slice(end + 4, end + 4 + length);
    this.#text = this.#text.slice(end + 4 + length);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve({ status: Number(head.slice(9, 12)), retryAfter: /^retry-after:/im.test(head), body });
  }
}
