import type { Socket } from 'node:net';
import { type HeaderLines, type Reply, WholeReply } from './reply.js';
import { readWholeRequest, type WholeRequest } from './whole-request.js';

/** Answers a request through the reply, now or later. False if the request is not for this handler: then nothing has happened. */
export type WholeHandler = (request: WholeRequest, reply: Reply) => boolean;

export interface WholeConnectionOptions {
  readonly handler: WholeHandler;
  /** How long a connection may be idle after an answer. */
  readonly keepAliveMs: number;
  /** How long a connection may be idle before its first request. */
  readonly firstRequestMs: number;
  /** The headers Connection and Keep-Alive of an answer after which the connection stays open. */
  readonly keepAliveLines: HeaderLines;
  readonly isDraining: () => boolean;
  /** Answers bytes that never became a request, and closes the connection. */
  readonly refuse: (error: NodeJS.ErrnoException) => void;
  /** Makes this an ordinary connection of the server. @param bytes those that no answer belongs to */
  readonly handOver: (bytes: Buffer) => void;
}

/** How long the rest of a head may take to arrive: a long URL arrives in two or three packets. */
const LONGEST_PART_MS = 500;
/** A head that takes more packets is left to Node's parser, which does not begin again with each of them. */
const MOST_PARTS = 4;
/** While a request waits for its answer, this much of the following ones is received. */
const MOST_AHEAD = 65_536;

const NO_BYTES = Buffer.alloc(0);
const CLOSING: HeaderLines = 'Connection: close\r\n';

/** Reads whole requests from a connection, and answers them one after the other. */
export class WholeConnection {
  isAnswering = false;
  readonly #socket: Socket;
  readonly #options: WholeConnectionOptions;
  /** The bytes after the latest request. */
  #rest: Buffer = NO_BYTES;
  /** When the connection began to wait for bytes, by the clock of `performance.now()`. */
  #waitingSince = performance.now();
  #hasAnswered = false;
  #isReading = false;
  #hasStopped = false;
  /** How often the present head was incomplete. */
  #parts = 0;
  #reply: WholeReply | undefined;

  constructor(socket: Socket, options: WholeConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
    socket.on('drain', this.#continue);
  }

  get isIdle(): boolean {
    return !this.isAnswering && this.#rest.length === 0 && this.#socket.writableLength === 0;
  }

  check(now: number): void {
    if (this.isAnswering || this.#hasStopped) return;
    // `HTTP_SEND_TIMEOUT_MS` closes it.
    if (this.#socket.writableNeedDrain) return;
    const waited = now - this.#waitingSince;
    const { keepAliveMs, firstRequestMs } = this.#options;
    if (this.#rest.length > 0) {
      if (waited > LONGEST_PART_MS) this.#handOver();
    } else if (this.#hasAnswered) {
      if (waited > keepAliveMs) this.#socket.destroy();
    } else if (waited > firstRequestMs) this.#refuse('ERR_HTTP_REQUEST_TIMEOUT');
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#rest.length === 0) {
      this.#rest = chunk;
      this.#waitingSince = performance.now();
    } else this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.isAnswering) {
      if (this.#rest.length >= MOST_AHEAD) this.#socket.pause();
    } else this.#read();
  };

  /** Takes one request after the other. Not recursive: a client may send hundreds at once. */
  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.isAnswering && this.#rest.length > 0 && !this.#isUnread()) {
      if (!this.#readOne()) break;
    }
    this.#isReading = false;
  }

  /** @returns false if the request is incomplete, or is not for this connection to read */
  #readOne(): boolean {
    const read = readWholeRequest(this.#rest, this.#socket);
    if (read.state === 'incomplete') {
      this.#parts += 1;
      if (this.#parts >= MOST_PARTS) this.#handOver();
      return false;
    }
    if (read.state === 'other') {
      this.#handOver();
      return false;
    }
    const bytes = this.#rest;
    this.#rest = read.end === bytes.length ? NO_BYTES : bytes.subarray(read.end);
    this.#parts = 0;
    this.#reply = new WholeReply(this.#socket, this.#connectionLines, this.#onSent);
    this.isAnswering = true;
    if (this.#options.handler(read.request, this.#reply)) return true;
    this.isAnswering = false;
    this.#rest = bytes;
    this.#handOver();
    return false;
  }

  /** True if the client does not read its answers. Then the next request waits until it does. */
  #isUnread(): boolean {
    if (!this.#socket.writableNeedDrain) return false;
    this.#socket.pause();
    return true;
  }

  readonly #connectionLines = (): HeaderLines => (this.#options.isDraining() ? CLOSING : this.#options.keepAliveLines);

  readonly #onSent = (): void => {
    this.isAnswering = false;
    this.#reply = undefined;
    this.#hasAnswered = true;
    this.#waitingSince = performance.now();
    if (this.#options.isDraining()) {
      // The answer said `Connection: close`: the client sends the requests after it again.
      this.#stop();
      this.#socket.destroySoon();
    } else if (!this.#isUnread()) this.#continue();
  };

  readonly #continue = (): void => {
    if (this.isAnswering) return;
    this.#read();
    if (this.#socket.isPaused() && !this.isAnswering && !this.#socket.writableNeedDrain) this.#socket.resume();
  };

  /** The client has left, as for Node: nobody can tell whether it still reads. */
  readonly #onEnd = (): void => {
    if (this.isIdle || this.isAnswering) this.#socket.end();
    else this.#refuse('HPE_INVALID_EOF_STATE');
  };

  /** The `close` event follows. */
  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => this.#reply?.abandon();

  #handOver(): void {
    const bytes = this.#rest;
    this.#stop();
    this.#socket.off('error', this.#onError);
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#options.handOver(bytes);
  }

  #refuse(code: string): void {
    this.#stop();
    this.#options.refuse(Object.assign(new Error('the request is incomplete'), { code }));
  }

  #stop(): void {
    this.#hasStopped = true;
    this.#rest = NO_BYTES;
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('close', this.#onClose)
      .off('drain', this.#continue);
  }
}
