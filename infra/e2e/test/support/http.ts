import { Agent, type IncomingHttpHeaders, request } from 'node:http';

/** A complete response. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  /** The body, which is sent as JSON. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** By default each call opens its own connection. */
  readonly agent?: Agent;
  /** The timeout of the whole call in milliseconds; by default 15,000. */
  readonly timeoutMs?: number;
}

/** Sends one HTTP request without retries. @throws the error of the connection with its `code`, or a timeout */
export function call(url: string, { method = 'GET', body, headers = {}, agent, timeoutMs = 15_000 }: Call = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const type = payload === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': payload.length };
    const sent = request(
      url,
      { method, headers: { ...type, ...headers }, agent: agent ?? new Agent({ keepAlive: false }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          clearTimeout(timer);
          const { statusCode = 0, headers: received } = response;
          resolve({ status: statusCode, headers: received, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    const timer = setTimeout(() => sent.destroy(new Error(`no answer after ${timeoutMs} ms`)), timeoutMs);
    sent.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    sent.end(payload);
  });
}

/** The parsed body of a JSON response. */
export function json<T>(answer: Answer): T {
  return JSON.parse(answer.text) as T;
}
