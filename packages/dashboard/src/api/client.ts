import { apiKey } from './key.js';
import { ApiProblem, problemOf, problemOfAnswer } from './problem.js';

/** Parameters of a URL. A list repeats its parameter; undefined and empty texts are left out. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

const API = '/api/v1';

/** Longer than any read of a report that is shown as JSON. */
const TIMEOUT_MS = 60_000;

/** The path and query of a request. @param path without `/api/v1`, such as `/ads` */
export function urlOf(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value ?? ''].flat()) if (one !== '') parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return `${API}${path}${text === '' ? '' : `?${text}`}`;
}

/** The header that carries the key of this tab. */
export function authorization(): Record<string, string> {
  return apiKey.value === '' ? {} : { Authorization: `Bearer ${apiKey.value}` };
}

/** Reads JSON. @throws ApiProblem, or the reason of `signal` */
export async function read<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return (await send('GET', urlOf(path, query), undefined, signal)).body as T;
}

/** The body of an answer, and the headers that a change needs. */
export interface Sent {
  readonly body: unknown;
  readonly etag: string | null;
}

/**
 * Sends a request, and reads the newest answer: a list that the browser keeps would miss a change of this page.
 *
 * @param url made by `urlOf`
 * @param body sent as JSON, except a Blob, which has a type of its own
 * @param headers such as `If-Match`
 * @throws ApiProblem, or the reason of `signal`
 */
export async function send(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  body?: unknown,
  signal?: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<Sent> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  signal?.addEventListener('abort', stop);
  const timer = setTimeout(stop, TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined || body instanceof Blob ? {} : { 'Content-Type': 'application/json' }),
        ...authorization(),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
      cache: 'no-cache',
      signal: abort.signal,
    });
    if (!response.ok) throw await problemOfAnswer(response);
    return { body: response.status === 204 ? undefined : await response.json(), etag: response.headers.get('ETag') };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (abort.signal.aborted) throw new ApiProblem(0, 'The server did not answer in time.');
    throw problemOf(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
