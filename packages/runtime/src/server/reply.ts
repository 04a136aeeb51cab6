import { STATUS_CODES, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import { httpDate } from './http-date.js';

/** Alternating names and values, the form that `writeHead` accepts. */
export type HeaderList = readonly string[];

/**
 * Headers as they are sent: `Name: value\r\n` for each, or an empty text. Nothing checks the values again, so they must not
 * contain line breaks or other control characters.
 */
export type HeaderLines = string;

/** Takes the answer to a request. */
export interface Reply {
  /** 200 before the answer. */
  readonly statusCode: number;
  /** False if the client disconnected before the whole answer was sent. */
  readonly isSent: boolean;
  /** Calls the listener once: after the answer, or when the client disconnects. */
  onClose(listener: () => void): void;
  /**
   * Sends the head and the body, once. Adds Connection, Keep-Alive, and Date unless the list has it.
   *
   * @param lines headers whose values are valid
   * @param list headers whose values are checked
   * @param encoding of the body
   * @throws TypeError for a value with control characters
   */
  send(status: number, lines: HeaderLines, list: HeaderList, text: string, encoding: 'latin1' | 'utf8'): void;
}

/** The reply to a whole request: head and body are one write to the socket. */
export class WholeReply implements Reply {
  statusCode = 200;
  isSent = false;
  readonly #socket: Socket;
  readonly #connectionLines: () => HeaderLines;
  readonly #onSent: () => void;
  #onClose: () => void = () => undefined;

  /** @param connectionLines the headers Connection and Keep-Alive @param onSent called after the write */
  constructor(socket: Socket, connectionLines: () => HeaderLines, onSent: () => void) {
    this.#socket = socket;
    this.#connectionLines = connectionLines;
    this.#onSent = onSent;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  send(status: number, lines: HeaderLines, list: HeaderList, text: string, encoding: 'latin1' | 'utf8'): void {
    this.statusCode = status;
    if (!this.#socket.writable) return;
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n${lines}`;
    let isDated = false;
    for (let at = 0; at + 1 < list.length; at += 2) {
      const name = list[at] as string;
      const value = list[at + 1] as string;
      validateHeaderValue(name, value);
      head += `${name}: ${value}\r\n`;
      if (name.toLowerCase() === 'date') isDated = true;
    }
    if (!isDated) head += `Date: ${httpDate(Date.now())}\r\n`;
    head += `${this.#connectionLines()}\r\n`;
    this.#socket.write(head + text, encoding);
    this.isSent = true;
    this.#onClose();
    this.#onSent();
  }

  /** The client has disconnected. */
  abandon(): void {
    this.#onClose();
  }
}
