import { API_PREFIX, EVENT_ENDPOINTS } from '@ads/contract';
import { type EndpointKind, EVENT_KINDS } from '@ads/models';
import type { Journal, Report } from '../journal.js';
import type { Random } from '../random.js';

/** Time after which a player gives up on a request. */
const PLAYER_TIMEOUT_MS = 8_000;

/** The result of one attempt. */
export interface Attempt {
  /** The status, or the error of the connection. */
  readonly outcome: string;
  /** `refused` means that a retry cannot succeed. */
  readonly state: 'acknowledged' | 'failed' | 'refused';
}

/** Sends a report once, in a random form that the API accepts. Adds the attempt and its answer to the journal. */
export async function send(url: string, journal: Journal, report: Report, random: Random): Promise<Attempt> {
  journal.begin(report);
  const attempt = await post(url, journal, report, random).catch(
    (error): Attempt => ({ outcome: nameOf(error), state: 'failed' }),
  );
  journal.tally(attempt.outcome);
  if (attempt.state !== 'acknowledged') journal.fail(report);
  return attempt;
}

async function post(url: string, journal: Journal, report: Report, random: Random): Promise<Attempt> {
  const { kind, adId, id, claimedAt } = report;
  const inHeader = id !== undefined && random.chance(0.2);
  const { idField } = EVENT_KINDS[kind];
  // Players send only kinds with an endpoint.
  const endpoint = EVENT_ENDPOINTS[kind as EndpointKind];
  const body = {
    ad_id: adId,
    ...(id === undefined || inHeader ? {} : { [idField]: id }),
    ...(claimedAt === undefined ? {} : { timestamp: new Date(claimedAt).toISOString() }),
  };
  const response = await fetch(`${url}${random.chance(0.9) ? API_PREFIX : ''}${endpoint.path}`, {
    method: 'POST',
    headers: {
      // navigator.sendBeacon of browsers sends text/plain.
      'Content-Type': random.chance(0.1) ? 'text/plain' : 'application/json',
      ...(inHeader ? { 'Idempotency-Key': id } : {}),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PLAYER_TIMEOUT_MS),
  });
  const text = await response.text();
  const outcome = String(response.status);
  if (response.status === 202) {
    const answer = JSON.parse(text) as Record<string, string>;
    journal.acknowledge(report, { id: answer[idField] ?? '', occurredAt: Date.parse(answer.timestamp ?? '') });
    return { outcome, state: 'acknowledged' };
  }
  journal.rejected += 1;
  if (response.status !== 503 && response.status !== 429) {
    journal.complaints.push(`ingest returned ${response.status} ${text}`);
    return { outcome, state: 'refused' };
  }
  if (response.headers.get('retry-after') === null) {
    journal.complaints.push(`${response.status} without Retry-After`);
  }
  return { outcome, state: 'failed' };
}

/** The error code of a broken connection. `instanceof` does not work, because in Jest the errors of fetch have another realm. */
function nameOf(error: unknown): string {
  const { name, message, cause } = error as Error & { readonly cause?: { readonly code?: string } };
  return name === 'TimeoutError' ? 'timeout' : (cause?.code ?? message);
}
