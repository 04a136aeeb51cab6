import type { Upstream } from '@ads/local';

/** Where a request goes: through the gateway, or past it. */
export type Target = 'gateway' | Upstream;

interface Addressed {
  /** What kind of trouble it is. */
  readonly family: string;
  readonly to: Target;
}

/** Well-formed HTTP with whatever in it; sent by Node's own client over connections that are kept. */
export interface FramedRequest extends Addressed {
  readonly form: 'framed';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Bytes on a connection of their own. */
export interface RawRequest extends Addressed {
  readonly form: 'raw';
  /** Written one after the other. */
  readonly parts: readonly Buffer[];
  /** Between two parts, in milliseconds. */
  readonly pauseMs: number;
  /** After the last part: wait for the answers, say that nothing more comes, or go away without waiting. */
  readonly ending: 'stay' | 'half-close' | 'leave';
  /** How many answers to wait for. */
  readonly answers: number;
  /** Answers to HEAD have a length and no body. */
  readonly toHead: boolean;
  /** True where closing the connection is an answer as well. */
  readonly mayClose: boolean;
  /** Ids of events that may be stored even if no answer came. */
  readonly mayStore: readonly string[];
}

export type FuzzRequest = FramedRequest | RawRequest;

/** A raw request that is sent at once and waits for one answer, but for what `how` says. */
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

/** The head of a request: each line as it is, then the empty one. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const SHOWN_BYTES = 1_500;

/** A request as a person can read it, and send again: bytes that are not printable are escaped. */
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
