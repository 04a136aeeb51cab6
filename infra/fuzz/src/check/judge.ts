import type { FuzzRequest } from '../generate/request.js';
import type { Answer, Outcome } from '../send/answer.js';

/** A broken promise: its kind for the summary, and a sentence. */
export interface Problem {
  readonly what: '5xx' | 'hung' | 'unanswered' | 'unreadable' | 'wrong form' | 'leaking' | 'costly';
  readonly sentence: string;
}

/** Returns the problems of the response to a request. */
export function judge(request: FuzzRequest, { state, answers, ...outcome }: Outcome): Problem[] {
  const problems = answers.flatMap((answer) => judgeAnswer(request, answer));
  const mayClose = request.form === 'raw' && request.mayClose;
  if (state === 'hung')
    problems.push({ what: 'hung', sentence: `neither answered nor closed (${answers.length} answers)` });
  if (state === 'closed' && !mayClose) {
    problems.push({ what: 'unanswered', sentence: `closed after ${answers.length} answers` });
  }
  if ('problem' in outcome) problems.push({ what: 'unreadable', sentence: outcome.problem });
  return problems;
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** Matches stack traces, code locations and names of internal components. */
const INSIDES = /\n\s+at |node_modules|\.js:\d|ECONN|SQLSTATE|(Syntax|Type|Range|Reference)Error|root:x:0/;

/** Headers that clients read as one value. */
const SINGLE_HEADERS = ['date', 'content-type', 'content-length', 'connection', 'location', 'etag', 'retry-after'];

/** A path, or the target of an ad. */
const LOCATION = /^(\/(?![/\\])|[\w.-]+\/?$|https:\/\/example\.com\/offers\/[!-~]+$)/;

function judgeAnswer(request: FuzzRequest, answer: Answer): Problem[] {
  const problems: Problem[] = [];
  const { status, headers } = answer;
  const wrong = (sentence: string) => problems.push({ what: 'wrong form', sentence: `${status}: ${sentence}` });
  if (status >= 500) problems.push({ what: '5xx', sentence: `answered with ${status}: ${startOf(answer)}` });
  if (headers.has('x-injected'))
    problems.push({ what: 'leaking', sentence: 'a header of the request came back in the response' });
  const [location] = headers.get('location') ?? [];
  // A redirect must not lead to another host.
  if (location !== undefined && !LOCATION.test(location)) wrong(`Location is ${location}`);
  const ids = headers.get('x-request-id') ?? [];
  if (ids.length !== 1 || !REQUEST_ID.test(ids[0] ?? '')) wrong(`X-Request-ID is ${JSON.stringify(ids)}`);
  for (const name of SINGLE_HEADERS) {
    const values = headers.get(name) ?? [];
    if (values.length > 1) wrong(`${name} is there ${values.length} times: ${JSON.stringify(values)}`);
  }
  const text = answer.body.toString();
  if (isXml(answer) && !WELL_FORMED.test(text)) wrong(`the XML may be broken: ${startOf(answer)}`);
  if (status < 400) return problems;
  const event = request.form === 'raw' ? request.counts : undefined;
  // The gateway answers 431 where ingest answers 414.
  if (event !== undefined && status !== 414 && status !== 431)
    wrong(`tag of ${event.kind} not counted: ${startOf(answer)}`);
  if (INSIDES.test(text))
    problems.push({ what: 'leaking', sentence: `${status} exposes internals: ${startOf(answer)}` });
  const hasNoBody = request.form === 'raw' && request.toHead;
  if (hasNoBody || isPixel(answer) || isNotice(answer) || isEmptyVast(answer)) return problems;
  if (!/^application\/json; charset=utf-8$/.test(headers.get('content-type')?.join() ?? '')) {
    wrong(`Content-Type is ${headers.get('content-type')}; ${startOf(answer)}`);
    return problems;
  }
  const problem = formProblem(text, ids[0] ?? '');
  if (problem !== undefined) wrong(problem);
  return problems;
}

/** The errors of a pixel have the same body as its successes. */
function isPixel({ headers, body }: Answer): boolean {
  return headers.get('content-type')?.join() === 'image/gif' && body.toString('latin1').startsWith('GIF89a');
}

/** The error of a link, for people. */
function isNotice({ headers, body }: Answer): boolean {
  const isHtml = headers.get('content-type')?.join() === 'text/html; charset=utf-8';
  return isHtml && body.toString().startsWith('<!doctype html>\n<html lang="en">\n');
}

/** Players that ask for VAST read no JSON. */
function isEmptyVast(answer: Answer): boolean {
  return isXml(answer) && /^<\?xml [^>]*>\n<VAST [^>]*\/>\n<!-- [a-z_]+ -->\n$/.test(answer.body.toString());
}

function isXml({ headers }: Answer): boolean {
  return headers.get('content-type')?.join() === 'application/xml; charset=utf-8';
}

/** VAST of the ads of the run, whose texts are ASCII: elements, CDATA sections that end once, and a comment. */
const WELL_FORMED = /^<\?xml [^<>]*>(?:\n|<!-- \w+ -->|<\/?\w+[^<>]*>|<!\[CDATA\[[!-;=?-~]*\]\]>)*$/;

/** Returns what is wrong with the body of an error response; undefined if it is right. */
function formProblem(text: string, requestId: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return `the body is not JSON: ${text.slice(0, 200)}`;
  }
  const { error, message, details, request_id, ...more } = (body ?? {}) as Record<string, unknown>;
  const isDetail = (detail: unknown) => {
    const { path, message: reason, ...others } = (detail ?? {}) as Record<string, unknown>;
    return typeof path === 'string' && typeof reason === 'string' && Object.keys(others).length === 0;
  };
  if (typeof error !== 'string' || !/^[a-z_]+$/.test(error)) return `error is ${JSON.stringify(error)}`;
  if (typeof message !== 'string' || message === '') return `message is ${JSON.stringify(message)}`;
  if (!Array.isArray(details) || !details.every(isDetail))
    return `details are ${JSON.stringify(details)?.slice(0, 200)}`;
  if (request_id !== requestId) return `request_id is ${JSON.stringify(request_id)}, and X-Request-ID ${requestId}`;
  return Object.keys(more).length > 0 ? `the body has unknown fields: ${Object.keys(more).join()}` : undefined;
}

function startOf({ body }: Answer): string {
  return JSON.stringify(body.subarray(0, 200).toString());
}
