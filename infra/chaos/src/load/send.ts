import type { Journal, Random, Report } from '@ads/harness';

/** As long as a player waits before it takes the request for lost. */
const PLAYER_PATIENCE_MS = 8_000;

/** One attempt; true when it was answered with 202. Everything that it learns is entered in the journal. */
export async function send(url: string, journal: Journal, report: Report, random: Random): Promise<boolean> {
  journal.begin(report);
  let acknowledged = false;
  try {
    acknowledged = await attempt(url, journal, report, random);
  } catch (error) {
    journal.tally(nameOf(error));
  }
  if (!acknowledged) journal.fail(report);
  return acknowledged;
}

async function attempt(url: string, journal: Journal, report: Report, random: Random): Promise<boolean> {
  const { kind, adId, id, claimedAt } = report;
  const inHeader = id !== undefined && random.chance(0.2);
  const idField = kind === 'click' ? 'click_id' : 'impression_id';
  const body = {
    ad_id: adId,
    ...(id === undefined || inHeader ? {} : { [idField]: id }),
    ...(claimedAt === undefined ? {} : { timestamp: new Date(claimedAt).toISOString() }),
  };
  const response = await fetch(`${url}${random.chance(0.9) ? '/api/v1' : ''}/ads/${kind}`, {
    method: 'POST',
    headers: {
      // As navigator.sendBeacon does it.
      'Content-Type': random.chance(0.1) ? 'text/plain' : 'application/json',
      ...(inHeader ? { 'Idempotency-Key': id } : {}),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PLAYER_PATIENCE_MS),
  });
  const text = await response.text();
  journal.tally(String(response.status));
  if (response.status === 202) {
    const answer = JSON.parse(text) as Record<string, string>;
    journal.acknowledge(report, { id: answer[idField] ?? '', occurredAt: Date.parse(answer.timestamp ?? '') });
    return true;
  }
  journal.rejected += 1;
  const isRefusal = response.status === 503 || response.status === 429;
  if (!isRefusal) journal.complaints.push(`a report was answered with ${response.status} ${text}`);
  else if (response.headers.get('retry-after') === null)
    journal.complaints.push(`${response.status} without Retry-After`);
  return false;
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'timeout';
  const { cause } = error as { cause?: { code?: string } };
  return cause?.code ?? error.message;
}
