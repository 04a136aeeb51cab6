import type { Documented } from './documented.js';

/** A complete response. */
export interface ClientAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed if it is JSON, text otherwise. */
  readonly body: unknown;
}

export interface Sending {
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as it is sent. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** A client of the API that checks every response against the OpenAPI document. */
export interface Client {
  send(method: string, path: string, sending?: Sending): Promise<ClientAnswer>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<ClientAnswer>;
  /** Sends `body` as JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<ClientAnswer>;
}

export function createClient(url: string, documented: Documented): Client {
  async function send(method: string, path: string, { headers = {}, body }: Sending = {}): Promise<ClientAnswer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
    const answer = {
      method,
      path,
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
    };
    documented.check(answer);
    return answer;
  }
  return {
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, body, headers = {}) =>
      send('POST', path, { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) }),
  };
}

/** The document of a running stack. */
export async function readDocument(url: string): Promise<unknown> {
  // Validators block the event loop, and so an idle connection could be closed just before its next use.
  return await (await fetch(`${url}/swagger/doc.json`, { headers: { Connection: 'close' } })).json();
}
