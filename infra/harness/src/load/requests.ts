import { uuidv7 } from '@ads/models';

/**
 * The requests to send. Ads and paths are used in turn. Each click has a new id; a large click has the largest
 * accepted body; each click of an unknown ad has a different ad. A batch has this number of clicks. `headers` are the lines of
 * one request each, in turn, such as `User-Agent: x\r\n`.
 */
export type RequestSettings =
  | { readonly kind: 'click' | 'large click' | 'unknown ad'; readonly adIds: readonly string[] }
  | { readonly kind: 'batch'; readonly clicks: number; readonly adIds: readonly string[] }
  | { readonly kind: 'get'; readonly paths: readonly string[]; readonly headers?: readonly string[] };

/** The text of an HTTP request; for a single click also its id and ad. */
export interface MadeRequest {
  readonly text: string;
  readonly id: string;
  readonly adId: string;
}

/** The time for which a timestamp is reused, in milliseconds. */
const TIMESTAMP_MS = 1_000;
/** Fills a body up to a little below the accepted 16,384 bytes. */
const FILLER = 'x'.repeat(16_000);

/**
 * Returns a function that makes the next request. Each id is generated when its click is sent, which takes less than 1 µs.
 *
 * @param manyClients true to send a different client address in `X-Forwarded-For` with each request
 */
export function requestMaker(settings: RequestSettings, manyClients = false): () => MadeRequest {
  let index = 0;
  // A random start, so that two senders do not use the same addresses.
  let client = Math.floor(Math.random() * 2 ** 24);
  const host = () => `Host: tracker\r\n${manyClients ? `X-Forwarded-For: ${addressOf(client++)}\r\n` : ''}`;
  if (settings.kind === 'get') {
    const { paths, headers = [''] } = settings;
    return () => {
      const [path, lines] = [paths[index % paths.length], headers[index % headers.length]];
      index += 1;
      return { text: `GET ${path} HTTP/1.1\r\n${host()}${lines}\r\n`, id: '', adId: '' };
    };
  }
  const { kind, adIds } = settings;
  const filler = kind === 'large click' ? `,"filler":"${FILLER}"` : '';
  let madeAt = 0;
  let end = '';
  const makeClick = (kindField = '') => {
    const now = Date.now();
    if (now - madeAt >= TIMESTAMP_MS) {
      madeAt = now;
      end = `","ip":"203.0.113.9","video_play_time":30,"timestamp":"${new Date(now).toISOString()}"${filler}}`;
    }
    const id = uuidv7(now);
    const adId = kind === 'unknown ad' ? `nobody-knows-${id}` : (adIds[index++ % adIds.length] ?? '');
    return { id, adId, body: `{${kindField}"ad_id":"${adId}","click_id":"${id}${end}` };
  };
  const post = (path: string, body: string) => {
    const head = `${host()}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    return `POST ${path} HTTP/1.1\r\n${head}\r\n${body}`;
  };
  if (settings.kind === 'batch') {
    const { clicks } = settings;
    return () => {
      const events = Array.from({ length: clicks }, () => makeClick('"kind":"click",').body);
      return { text: post('/api/v1/ads/events', `{"events":[${events.join()}]}`), id: '', adId: '' };
    };
  }
  return () => {
    const { id, adId, body } = makeClick();
    return { text: post('/api/v1/ads/click', body), id, adId };
  };
}

/** An address of 10.0.0.0/8, which has 16 million addresses. */
function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}
