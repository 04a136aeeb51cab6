/** A response. Header names are in lower case; each has all of its values. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** The end of a request. `answers` are the complete responses. */
export type Outcome =
  | { readonly state: 'answered'; readonly answers: readonly Answer[] }
  /** The server closed the connection before all expected responses arrived. */
  | { readonly state: 'closed'; readonly answers: readonly Answer[] }
  /** The server neither answered nor closed the connection in time. */
  | { readonly state: 'hung'; readonly answers: readonly Answer[] }
  /** The client disconnected. */
  | { readonly state: 'left'; readonly answers: readonly Answer[] }
  | { readonly state: 'unreadable'; readonly answers: readonly Answer[]; readonly problem: string };

/** The received bytes are not HTTP. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

const HEAD_END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [ -~]*$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*$/;

/**
 * Parses the complete responses in `bytes` and leaves out an incomplete one. It is stricter than clients: a head may contain only
 * what a server would write.
 *
 * @param ended the connection was closed
 * @throws Unreadable
 */
export function readAnswers(bytes: Buffer, { toHead, ended }: { toHead: boolean; ended: boolean }): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf(HEAD_END);
    if (end === -1) break;
    const { status, headers } = readHead(rest.subarray(0, end).toString('latin1'));
    const read = readBody(rest.subarray(end + HEAD_END.length), headers, { empty: toHead || hasNoBody(status), ended });
    if (read === undefined) break;
    rest = rest.subarray(end + HEAD_END.length + read.length);
    // 100 Continue is not the response.
    if (status >= 200) answers.push({ status, headers, body: read.body });
  }
  if (ended && rest.length > 0) throw new Unreadable(`the last ${rest.length} bytes are an incomplete response`);
  return answers;
}

function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function readHead(text: string): Pick<Answer, 'status' | 'headers'> {
  const [first = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) throw new Unreadable(`a status line is ${JSON.stringify(first.slice(0, 200))}`);
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new Unreadable(`a header line is ${JSON.stringify(line.slice(0, 200))}`);
    }
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
  }
  return { status: Number(status), headers };
}

/** Returns the body and its length in bytes; undefined while it is incomplete. */
function readBody(
  bytes: Buffer,
  headers: Answer['headers'],
  { empty, ended }: { empty: boolean; ended: boolean },
): { body: Buffer; length: number } | undefined {
  if (empty) return { body: Buffer.alloc(0), length: 0 };
  if (headers.has('transfer-encoding')) return readChunks(bytes);
  const [given, ...others] = headers.get('content-length') ?? [];
  if (given === undefined) return ended ? { body: bytes, length: bytes.length } : undefined;
  if (!/^\d+$/.test(given) || others.length > 0) throw new Unreadable(`a Content-Length is ${given}`);
  const length = Number(given);
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), length };
}

function readChunks(bytes: Buffer): { body: Buffer; length: number } | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(size)) throw new Unreadable(`the size of a chunk is ${JSON.stringify(size.slice(0, 50))}`);
    const start = lineEnd + 2;
    const end = start + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n')
      throw new Unreadable('the length of a chunk differs from its declared size');
    if (end === start) return { body: Buffer.concat(parts), length: end + 2 };
    parts.push(bytes.subarray(start, end));
    at = end + 2;
  }
}
