import type { Detail } from '@ads/models';

/**
 * The remedy for a failed request. `key`: enter another key. `temporary`: wait, because the page retries. `refused`: send another
 * request.
 */
export type ProblemKind = 'key' | 'temporary' | 'refused';

/** A request that failed. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly kind: ProblemKind;
  /** Status of the answer; 0 if there was none. */
  readonly status: number;
  readonly details: readonly Detail[];
  /** How long the service asks to wait, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(status: number, message: string, details: readonly Detail[] = [], retryAfterMs = 0) {
    super(message);
    this.status = status;
    this.kind = kindOf(status);
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}

function kindOf(status: number): ProblemKind {
  if (status === 401 || status === 403) return 'key';
  return status === 0 || status === 429 || status >= 500 ? 'temporary' : 'refused';
}

/** Reads an answer that is not a success. */
export async function problemOfAnswer(response: Response): Promise<ApiProblem> {
  const retryAfterMs = 1_000 * (Number(response.headers.get('Retry-After')) || 0);
  try {
    const { message, details } = (await response.json()) as { message: unknown; details: readonly Detail[] };
    if (typeof message === 'string') return new ApiProblem(response.status, message, details, retryAfterMs);
  } catch {
    // A proxy in front may answer with a page of its own.
  }
  return new ApiProblem(response.status, `The server answered ${response.status}.`, [], retryAfterMs);
}

/** Any failure of a request. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  // Browsers report a failed connection as a TypeError, without a reason.
  return new ApiProblem(0, 'The server cannot be reached.');
}
