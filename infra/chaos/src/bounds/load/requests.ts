import { uuidv7 } from '@ads/models';

/**
 * What is sent: clicks; the same with as large a body as is taken; clicks of ads that nobody knows, each of another;
 * questions about one ad.
 */
export type RequestKind = 'click' | 'large click' | 'unknown ad' | 'question';

/** A request and, for a click of an ad that is there, what to expect of it in the ledger. */
export interface MadeRequest {
  readonly text: string;
  readonly adId: string;
  readonly id: string;
}

/** Fills a body up to a little below the 16,384 bytes that are taken. */
const FILLER = 'x'.repeat(16_000);

/** The `index`th request of a kind. Each comes from another address, as far as ingest can tell. */
export function makeRequest(kind: RequestKind, index: number, adIds: readonly string[]): MadeRequest {
  const known = adIds[Math.floor(Math.random() * adIds.length)] ?? '';
  const id = uuidv7(Date.now());
  const head = `Host: tracker\r\nX-Forwarded-For: ${addressOf(index)}\r\n`;
  if (kind === 'question') {
    return { text: `GET /api/v1/ads/analytics?ad_id=${known} HTTP/1.1\r\n${head}\r\n`, adId: known, id };
  }
  const adId = kind === 'unknown ad' ? `nobody-knows-${id}` : known;
  const body = JSON.stringify({ ad_id: adId, click_id: id, ...(kind === 'large click' ? { filler: FILLER } : {}) });
  const text = `POST /api/v1/ads/click HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return { text, adId, id };
}

/** Some address of 10.0.0.0/8: 16 million of them. */
function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}
