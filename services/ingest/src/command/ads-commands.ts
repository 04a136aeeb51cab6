import { readFileSync } from 'node:fs';
import { API_PREFIX, ENDPOINTS, type ErrorBody } from '@ads/contract';
import type { AdsCommand } from './ads-options.js';

/** How the API is reached. */
export interface AdsApi {
  readonly url: string;
  readonly key: string | undefined;
}

/** The API refused a request, or did not answer. The message says why. */
export class RequestFailed extends Error {}

interface Page {
  readonly ads: readonly object[];
  readonly next_cursor: string | null;
}

interface ImportReport {
  readonly rejected: number;
  readonly results: readonly object[];
}

/**
 * @param print prints a line
 * @returns false if a line of an import was rejected
 * @throws RequestFailed
 */
export async function runAdsCommand(
  command: Exclude<AdsCommand, { readonly name: 'help' }>,
  api: AdsApi,
  print: (line: string) => void,
): Promise<boolean> {
  switch (command.name) {
    case 'list':
      for (const query = new URLSearchParams(command.filter); ; ) {
        const page = await request<Page>(api, 'GET', `?${query}`);
        for (const ad of page.ads) print(JSON.stringify(ad));
        if (page.next_cursor === null) return true;
        query.set('cursor', page.next_cursor);
      }
    case 'add':
      print(JSON.stringify(await request(api, 'POST', '', 'application/json', JSON.stringify(command.ad))));
      return true;
    case 'import': {
      const path = `/import?mode=${encodeURIComponent(command.mode)}`;
      const text = readFileSync(command.file);
      const { rejected, results } = await request<ImportReport>(api, 'POST', path, command.type, text);
      for (const result of results) print(JSON.stringify(result));
      return rejected === 0;
    }
    case 'archive':
      for (const id of command.ids) {
        print(JSON.stringify(await request(api, 'DELETE', `/${encodeURIComponent(id)}`)));
      }
      return true;
  }
}

async function request<Answer>(
  { url, key }: AdsApi,
  method: string,
  path: string,
  type?: string,
  body?: string | Buffer,
): Promise<Answer> {
  const response = await fetch(`${url}${API_PREFIX}${ENDPOINTS.ads.path}${path}`, {
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

/** Longer than the gateway waits for a service. */
const TIMEOUT_MS = 30_000;

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
