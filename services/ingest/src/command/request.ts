import { API_PREFIX, type ErrorBody } from '@ads/contract';

/** How the API is reached. */
export interface Api {
  readonly url: string;
  readonly key: string | undefined;
}

/** The API refused a request, or did not answer. The message says why. */
export class RequestFailed extends Error {}

/**
 * Sends a request, and returns the JSON of a success.
 *
 * @param path without the prefix, with its query
 * @param type content type of the body
 * @throws RequestFailed
 */
export async function request<Answer>(
  { url, key }: Api,
  method: string,
  path: string,
  type?: string,
  body?: string | Buffer,
): Promise<Answer> {
  const response = await fetch(`${url}${API_PREFIX}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      ...(type === undefined ? {} : { 'Content-Type': type }),
    },
    ...(body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) }),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: Error) => {
    throw new RequestFailed(`${url} does not answer: ${causeOf(cause)}`);
  });
  const answer = (await response.json().catch(() => undefined)) as Answer | ErrorBody | undefined;
  if (response.ok && answer !== undefined) return answer as Answer;
  const { message, details = [] } = (answer ?? { message: `${url} answered ${response.status}.` }) as ErrorBody;
  throw new RequestFailed([message, ...details.map((one) => `  ${one.path}: ${one.message}`)].join('\n'));
}

interface ListRequest<Field extends string> {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The name of the list in a page. */
  readonly field: Field;
}

/**
 * Prints all items of a list, one per line, page after page.
 *
 * @throws RequestFailed
 */
export async function printList<Field extends string>(
  api: Api,
  { path, query = {}, field }: ListRequest<Field>,
  print: (line: string) => void,
): Promise<void> {
  type Page = Readonly<Record<Field, readonly object[]>> & { readonly next_cursor: string | null };
  const parameters = new URLSearchParams(query);
  for (;;) {
    const page = await request<Page>(api, 'GET', `${path}?${parameters}`);
    for (const item of page[field]) print(JSON.stringify(item));
    if (page.next_cursor === null) return;
    parameters.set('cursor', page.next_cursor);
  }
}

/** Longer than the gateway waits for a service. */
const TIMEOUT_MS = 30_000;

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
