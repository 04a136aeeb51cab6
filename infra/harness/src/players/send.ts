import { Agent } from 'node:http';
import { API_PREFIX, ENDPOINTS, type Endpoint, EVENT_ENDPOINTS } from '@ads/contract';
import { callHttp, type HttpAnswer, NO_ANSWER } from '@ads/local';
import { type EndpointKind, EVENT_KINDS } from '@ads/models';
import { ACCEPTED, type AdViewer, type Journal, REDIRECTED, type Report } from '../journal.js';
import type { Random } from '../random.js';

/** Time after which a player gives up on a request. */
const PLAYER_TIMEOUT_MS = 8_000;

/** Shorter than the idle timeouts of servers, so that no request is sent on a connection that its server is closing. */
const IDLE_CONNECTION_MS = 2_000;

/** By default tags are fetched by a browser; without a user agent their events would be invalid. */
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

/** The connections of all players. */
const agent = new Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });

/** The result of one attempt. */
export interface Attempt {
  /** As in `Outcomes`. */
  readonly outcome: string;
  /** `refused` means that a retry cannot succeed. */
  readonly state: 'acknowledged' | 'failed' | 'refused';
}

/** Sends a report once, in a random form that the API accepts. Adds the attempt and its answer to the journal. */
export async function send(url: string, journal: Journal, report: Report, random: Random): Promise<Attempt> {
  journal.begin(report);
  const viewer = report.viewers && random.pick(report.viewers);
  const sending =
    report.tag === undefined ? post(url, journal, report, random, viewer) : fetchTag(url, journal, report, viewer);
  const attempt = await sending.catch((error): Attempt => ({ outcome: nameOf(error), state: 'failed' }));
  journal.tally(attempt.outcome);
  if (attempt.state !== 'acknowledged') journal.fail(report);
  return attempt;
}

async function post(
  url: string,
  journal: Journal,
  report: Report,
  random: Random,
  viewer: AdViewer | undefined,
): Promise<Attempt> {
  const { kind, id } = report;
  const prefix = `${url}${random.chance(0.9) ? API_PREFIX : ''}`;
  const endpoint = EVENT_ENDPOINTS[kind as EndpointKind] as Endpoint | undefined;
  const inBatch = endpoint === undefined || random.chance(0.2);
  const inHeader = !inBatch && id !== undefined && random.chance(0.2);
  const event = {
    ...eventOf(report, random, inHeader),
    ...(viewer === undefined ? {} : { ip: viewer.ip, user_agent: viewer.userAgent }),
  };
  // Some players send an event twice in one request.
  const events = id !== undefined && random.chance(0.2) ? [event, event] : [event];
  const answer = await callHttp(`${prefix}${inBatch ? ENDPOINTS.events.path : endpoint.path}`, {
    method: 'POST',
    headers: {
      // navigator.sendBeacon of browsers sends text/plain.
      'Content-Type': random.chance(0.1) ? 'text/plain' : 'application/json',
      ...(inHeader ? { 'Idempotency-Key': id ?? '' } : {}),
    },
    body: JSON.stringify(inBatch ? { events: events.map((one) => ({ kind, ...one })) } : event),
    agent,
    timeoutMs: PLAYER_TIMEOUT_MS,
  });
  if (answer.status === 202) {
    const body = JSON.parse(answer.text);
    const answers: Readonly<Record<string, string>>[] = inBatch ? body.results : [body];
    const accepted = answers.find(({ status }) => status !== 'rejected');
    if (answers.length !== (inBatch ? events.length : 1) || accepted === undefined) {
      journal.complaints.push(`ingest answered 202 without an accepted event: ${answer.text}`);
      return { outcome: '202 without an event', state: 'refused' };
    }
    journal.acknowledge(report, {
      id: accepted[EVENT_KINDS[kind].idField] ?? '',
      occurredAt: Date.parse(accepted.timestamp ?? ''),
    });
    return { outcome: ACCEPTED, state: 'acknowledged' };
  }
  return notAccepted(journal, answer);
}

async function fetchTag(url: string, journal: Journal, report: Report, viewer: AdViewer | undefined): Promise<Attempt> {
  const { tag, id = '' } = report;
  const userAgent = viewer?.userAgent ?? BROWSER;
  const answer = await callHttp(`${url}${tag?.path}`, {
    headers: userAgent === '' ? {} : { 'User-Agent': userAgent },
    agent,
    timeoutMs: PLAYER_TIMEOUT_MS,
  });
  if (tag?.answer === 'redirect' && answer.status === 302) {
    journal.redirect(report);
    return { outcome: REDIRECTED, state: 'acknowledged' };
  }
  if (tag?.answer !== 'pixel' || answer.status !== 200) return notAccepted(journal, answer);
  journal.acknowledge(report, { id });
  return { outcome: ACCEPTED, state: 'acknowledged' };
}

function notAccepted(journal: Journal, { status, headers, text }: HttpAnswer): Attempt {
  const outcome = String(status);
  journal.rejected += 1;
  if (status !== 503 && status !== 429) {
    journal.complaints.push(`ingest returned ${status} ${text}`);
    return { outcome, state: 'refused' };
  }
  if (headers['retry-after'] === undefined) journal.complaints.push(`${status} without Retry-After`);
  return { outcome, state: 'failed' };
}

/** The error code of a broken connection. */
function nameOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === NO_ANSWER ? 'timeout' : (code ?? message);
}

/** The body of an event, with some labels. */
function eventOf({ kind, adId, id, claimedAt }: Report, random: Random, inHeader: boolean): object {
  return {
    ad_id: adId,
    ...(id === undefined || inHeader ? {} : { [EVENT_KINDS[kind].idField]: id }),
    ...(claimedAt === undefined ? {} : { timestamp: new Date(claimedAt).toISOString() }),
    ...(random.chance(0.3) ? { placement: random.pick(PLACEMENTS), device: random.pick(['mobile', 'tv']) } : {}),
    ...(random.chance(0.2) ? { video_play_time: random.pick([0, 1.5, 30]), error_code: 402 } : {}),
  };
}

const PLACEMENTS = ['top', 'NULL', '"\\', '😀', '(other)'];
