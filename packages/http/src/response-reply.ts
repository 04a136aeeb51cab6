import type { ServerResponse } from 'node:http';
import type { Reply } from '@ads/runtime';
import { type HeaderLines, type HeaderList, listOf, writeHead } from './head.js';
import { sendWhole } from './send-whole.js';

/** The reply to a request that Node's parser has read. */
export class ResponseReply implements Reply {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get statusCode(): number {
    return this.#response.statusCode;
  }

  get isSent(): boolean {
    return this.#response.writableFinished;
  }

  /** Node emits `close` after a complete response, and when the client disconnects earlier. */
  onClose(listener: () => void): void {
    this.#response.on('close', listener);
  }

  send(status: number, lines: HeaderLines, list: HeaderList, text: string, encoding: 'latin1' | 'utf8'): void {
    const response = this.#response;
    if (status === 204 || status === 304) {
      response.writeHead(status, [...listOf(lines), ...list]).end();
      return;
    }
    writeHead(response, status, lines, list);
    if (text === '') response.end();
    else sendWhole(response, text, encoding);
  }
}
