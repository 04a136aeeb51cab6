import { uuidv7 } from '@ads/models';

/** What is sent, in turn: clicks of these ads, each with an id of its own; or questions. */
export type RequestSettings =
  | { readonly kind: 'click'; readonly adIds: readonly string[] }
  | { readonly kind: 'get'; readonly paths: readonly string[] };

/** How long a timestamp stays the same, in milliseconds. */
const TIMESTAMP_MS = 1_000;

/**
 * Makes the whole requests, as bytes go. The id is made when the click is sent: that costs well below a microsecond,
 * needs no memory, and there are never too few of them.
 */
export function requestMaker(settings: RequestSettings): () => string {
  let index = 0;
  if (settings.kind === 'get') {
    const texts = settings.paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: tracker\r\n\r\n`);
    return () => texts[index++ % texts.length] ?? '';
  }
  const { adIds } = settings;
  let madeAt = 0;
  let end = '';
  return () => {
    const now = Date.now();
    if (now - madeAt >= TIMESTAMP_MS) {
      madeAt = now;
      end = `","ip":"203.0.113.9","video_play_time":30,"timestamp":"${new Date(now).toISOString()}"}`;
    }
    const body = `{"ad_id":"${adIds[index++ % adIds.length]}","click_id":"${uuidv7(now)}${end}`;
    return `POST /api/v1/ads/click HTTP/1.1\r\nHost: tracker\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
}
