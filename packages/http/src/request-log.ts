import { type ApiError, ENDPOINTS, PREFETCH_REFUSED } from '@ads/contract';
import type { Logger } from '@ads/runtime';

/** The data of a log line. */
export interface AnsweredRequest {
  readonly method: string;
  /** Template of the path, such as `/api/v1/ads/click`. */
  readonly endpoint: string;
  readonly status: number;
  readonly seconds: number;
  readonly requestId: string;
  /** The error of an error response. */
  readonly error?: ApiError | undefined;
}

export interface RequestLog {
  answered(request: AnsweredRequest): void;
  /** @param reason why the stream ended */
  streamEnded(request: AnsweredRequest, reason: string): void;
}

const SUMMARY_MS = 10_000;
const LINES_PER_SECOND = 10;
const LONGEST_TEXT = 300;

/**
 * Logs 4xx and refused prefetches at info, a 503 without a cause at warn, and other 5xx at error, each up to 10 lines per second. A
 * 503 without a cause is an intended refusal. One client can cause many of them, so they have a line limit of their own. All other
 * requests are summarised in one line every 10 s, so that the log does not grow with the load. Ends of streams have up to 10 lines
 * per second.
 */
export function createRequestLog(logger: Logger): RequestLog {
  const streams = limitPerSecond(LINES_PER_SECOND);
  const refusals = limitPerSecond(LINES_PER_SECOND);
  const overloads = limitPerSecond(LINES_PER_SECOND);
  const failures = limitPerSecond(LINES_PER_SECOND);
  const quotaOf = (request: AnsweredRequest) => {
    if (isRefusal(request)) return refusals;
    return isOverload(request) ? overloads : failures;
  };
  let summary = emptySummary();
  let summing = false;

  // Caches the latest name: most requests have the name of the one before, and building it takes five times as long.
  let latest = { method: '', endpoint: '', status: 0, name: '' };
  const nameOf = ({ method, endpoint, status }: AnsweredRequest): string => {
    if (latest.endpoint !== endpoint || latest.status !== status || latest.method !== method) {
      latest = { method, endpoint, status, name: `${method} ${endpoint} ${status}` };
    }
    return latest.name;
  };

  const sum = (request: AnsweredRequest): void => {
    const name = nameOf(request);
    summary.requests += 1;
    summary.answers[name] = (summary.answers[name] ?? 0) + 1;
    summary.slowest_ms = Math.max(summary.slowest_ms, toMilliseconds(request.seconds));
    if (summing) return;
    summing = true;
    setTimeout(() => {
      logger.info(`requests of the last ${SUMMARY_MS / 1_000} s`, { event: 'request.summary', ...summary });
      summary = emptySummary();
      summing = false;
    }, SUMMARY_MS).unref();
  };

  const answered = (request: AnsweredRequest): void => {
    const { status } = request;
    if (status < 400 || isProbe(request) || !quotaOf(request)()) {
      sum(request);
      return;
    }
    const fields = {
      request_id: request.requestId,
      method: request.method,
      endpoint: request.endpoint,
      status,
      code: request.error?.code,
      duration_ms: toMilliseconds(request.seconds),
    };
    if (isRefusal(request))
      logger.info('request refused', { event: 'request.refused', ...fields, ...why(request.error) });
    else if (isOverload(request)) {
      logger.warn('request refused: too many requests wait, or the service is not ready', {
        event: 'request.overload',
        ...fields,
        ...why(request.error),
      });
    } else logger.error('request failed', { event: 'request.failed', ...fields, error: causeOf(request.error) });
  };

  return {
    answered,
    streamEnded({ requestId, endpoint, seconds }, reason) {
      if (!streams()) return;
      logger.info('stream ended', {
        event: 'request.stream_ended',
        request_id: requestId,
        endpoint,
        reason,
        duration_ms: toMilliseconds(seconds),
      });
    },
  };
}

/** A 503 to a probe is not a failure. The component that makes the process unready logs the reason. */
function isProbe({ endpoint }: AnsweredRequest): boolean {
  return endpoint === ENDPOINTS.ready.path || endpoint === ENDPOINTS.health.path;
}

function isRefusal({ status, error }: AnsweredRequest): boolean {
  return status < 500 || error?.code === PREFETCH_REFUSED;
}

/** True for a 503 that no failure caused. */
function isOverload({ status, error }: AnsweredRequest): boolean {
  return status === 503 && error !== undefined && error.cause === undefined;
}

/** The reason for an operator: which field, which ad, which client. Long texts are cut. */
function why(error: ApiError | undefined): Record<string, string> {
  if (error === undefined) return {};
  const texts = { reason: error.message, ...error.facts };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, printable(text)]));
}

/** Makes text from a client safe for terminals. */
function printable(text: string): string {
  return text.slice(0, LONGEST_TEXT).replace(/\p{C}/gu, ' ');
}

/** The original error of a failure. */
function causeOf(error: ApiError | undefined): unknown {
  return error?.cause ?? error;
}

function emptySummary(): { requests: number; slowest_ms: number; answers: Record<string, number> } {
  return { requests: 0, slowest_ms: 0, answers: {} };
}

/** True for the first `perSecond` calls in each second. */
function limitPerSecond(perSecond: number): () => boolean {
  let second = 0;
  let calls = 0;
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) {
      second = now;
      calls = 0;
    }
    calls += 1;
    return calls <= perSecond;
  };
}

function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 100_000) / 100;
}
