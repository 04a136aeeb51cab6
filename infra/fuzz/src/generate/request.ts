import type { ApiService } from '@ads/contract';

/** Where a request goes: through the gateway, or past it. */
export type Target = 'gateway' | ApiService;

interface Addressed {
  /** The family of the request, for the summary. */
  readonly family: string;
  readonly to: Target;
}

/** Well-formed HTTP with any content, sent by Node's client over kept connections. */
export interface FramedRequest extends Addressed {
  readonly form: 'framed';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Raw bytes on a new connection. */
export interface RawRequest extends Addressed {
  readonly form: 'raw';
  /** Parts that are written one after the other. */
  readonly parts: readonly Buffer[];
  /** Pause between two parts, in milliseconds. */
  readonly pauseMs: number;
  /** After the last part: wait for the responses, half-close the connection, or disconnect. */
  readonly ending: 'stay' | 'half-close' | 'leave';
  /** Number of responses to wait for. */
  readonly answers: number;
  /** Responses to HEAD have a length and no body. */
  readonly toHead: boolean;
  /** True if closing the connection is a valid response. */
  readonly mayClose: boolean;
  /** Ids of events that may be stored even without a response. */
  readonly mayStore: readonly string[];
}

export type FuzzRequest = FramedRequest | RawRequest;

/** A raw request that is sent at once and waits for one response, unless `how` overrides it. */
export function raw(
  family: string,
  to: Target,
  bytes: Buffer | string,
  how: Partial<Omit<RawRequest, 'form' | 'family' | 'to'>> = {},
): RawRequest {
  return {
    form: 'raw',
    family,
    to,
    parts: [Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1')],
    pauseMs: 0,
    ending: 'stay',
    answers: 1,
    toHead: false,
    mayClose: false,
    mayStore: [],
    ...how,
  };
}

/** The head of a request: the lines unchanged, then the empty line. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A valid head, with these lines behind its Host. */
export function headOf(method: string, target: string, ...lines: readonly string[]): string {
  return head(`${method} ${target} HTTP/1.1`, 'Host: localhost', ...lines);
}

export const JSON_LINE = 'Content-Type: application/json';

const SHOWN_BYTES = 1_500;

/** A request as text that can be read and sent again; unprintable bytes are escaped. */
export function show(request: FuzzRequest): string {
  const where = `${request.family}, to ${request.to}`;
  if (request.form === 'framed') {
    const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
    return `${where}\n${request.method} ${printable(Buffer.from(request.path))}\n${printable(Buffer.from(lines.join('\n')))}\n${printable(request.body)}`;
  }
  const { parts, pauseMs, ending, answers } = request;
  const how = `${parts.length} parts, ${pauseMs} ms between them, then ${ending}, ${answers} answers`;
  return `${where} (${how})\n${parts.map(printable).join('\n···\n')}`;
}

/** Bytes as text: printable ASCII and line ends as they are, the others as `\xNN`; a long run as `x… (1000 times)`. */
export function printable(bytes: Buffer): string {
  const whole = bytes
    .toString('latin1')
    .replace(/(.)\1{30,}/gs, (run, character) => `${character}… (${run.length} times) `);
  const text = whole
    .slice(0, SHOWN_BYTES)
    .replace(/\\|[^\n -~…]/g, (character) =>
      character === '\r' ? '\\r' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  return whole.length > SHOWN_BYTES ? `${text} … (${bytes.length} bytes)` : text;
}
