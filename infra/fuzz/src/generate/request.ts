import type { ApiService } from '@ads/contract';
import type { Report } from '@ads/harness';

/** The receiver of a request: the gateway, or a service without the gateway. */
export type Target = 'gateway' | ApiService;

interface Addressed {
  /** The family of the request, for the summary. */
  readonly family: string;
  readonly to: Target;
}

/** A well-formed HTTP request with any content, which Node's client sends over a kept-alive connection. */
export interface FramedRequest extends Addressed {
  readonly form: 'framed';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request of raw bytes, which is sent on a new connection. */
export interface RawRequest extends Addressed {
  readonly form: 'raw';
  /** The parts of the request, which are written one after the other. */
  readonly parts: readonly Buffer[];
  /** Pause between two parts, in milliseconds. */
  readonly pauseMs: number;
  /** The action after the last part: wait for the responses, half-close the connection, or disconnect. */
  readonly ending: 'stay' | 'half-close' | 'leave';
  /** Number of responses to wait for. */
  readonly answers: number;
  /** Responses to HEAD have a length and no body. */
  readonly toHead: boolean;
  /** True if closing the connection is a valid response. */
  readonly mayClose: boolean;
  /** Ids of events that may be stored even without a response. */
  readonly mayStore: readonly string[];
  /** The event of a tag, which a status below 400 acknowledges. */
  readonly counts?: Report & { readonly id: string };
}

export type FuzzRequest = FramedRequest | RawRequest;

/** Returns a raw request. By default it is sent in one part and waits for one response; `how` overrides this. */
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

/** Returns the head of a request: the unchanged lines, then the empty line. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Returns a valid head with these lines after its Host. */
export function headOf(method: string, target: string, ...lines: readonly string[]): string {
  return head(`${method} ${target} HTTP/1.1`, 'Host: localhost', ...lines);
}

export const JSON_LINE = 'Content-Type: application/json';

const SHOWN_BYTES = 1_500;

/** Formats a request for the report. Unprintable bytes are escaped. */
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

/** Formats bytes as text. Printable ASCII and line feeds stay, other bytes become `\xNN`, and a long run `x… (1000 times)`. */
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
