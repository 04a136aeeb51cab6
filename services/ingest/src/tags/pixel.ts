import { unknownEvent } from '@ads/contract';
import { type Answer, linesOf, type TagRoute, userAgentOf } from '@ads/http';
import { kindNamed } from '@ads/models';
import { acceptEvent } from '../accept-event.js';
import { type EventDependencies, receiptOf } from '../event-handler.js';
import { ofTag } from '../invalid-traffic/circumstances.js';
import { isPrefetch } from './prefetch.js';
import { readTagEvent } from './tag-event.js';
import type { TagMetrics } from './tag-metrics.js';
import { readTagQuery } from './tag-query.js';

/** Transparent, 1 × 1, 43 bytes. Shorter GIFs are in common use, but their image data is incomplete. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');

const LINES = linesOf([
  ...['Cache-Control', 'no-store, no-cache, must-revalidate, private, max-age=0'],
  ...['Pragma', 'no-cache'],
  ...['Expires', '0'],
  ...['Timing-Allow-Origin', '*'],
]);

const IMAGE = { body: GIF, type: 'image/gif', lines: LINES };
const SEEN: Answer = { ...IMAGE, status: 200 };
const SEEN_WITHOUT_BODY: Answer = { status: 204, body: '', lines: LINES };

/**
 * `GET /t/{event}`: a tracking pixel. Answers 200 after the event is durable. The body of every response is the GIF, also of
 * errors, because `<img>` ignores the status and shows what it gets. Only a success with `f=b` has no body. HEAD and prefetches
 * count nothing.
 */
export function pixel(dependencies: EventDependencies, metrics: TagMetrics): TagRoute {
  const { judge } = dependencies;
  const accepting: EventDependencies = { ...dependencies, unknownAdStatus: 404 };
  return {
    limit: 'events',
    takesPosts: true,
    errorContent: () => IMAGE,
    handler(context, { parameter, query: text }) {
      const kind = kindNamed(parameter);
      if (kind === undefined) {
        metrics.unknownEvent();
        throw unknownEvent(parameter, readTagQuery(text, metrics.unfilled).ad_id);
      }
      const { request } = context;
      if (request.method === 'HEAD') return SEEN;
      if (isPrefetch(request)) {
        metrics.prefetched('pixel');
        return SEEN;
      }
      const query = readTagQuery(text, metrics.unfilled);
      const receipt = receiptOf(context, accepting);
      const viewer = { ip: receipt.callerIp(), userAgent: userAgentOf(request) };
      const read = readTagEvent(kind, query.ad_id, query, viewer, receipt);
      const event = judge === undefined ? read : judge(read, ofTag(context, viewer, 'pixel', query));
      const answer = query.f === 'b' ? SEEN_WITHOUT_BODY : SEEN;
      return acceptEvent(
        event,
        () => context.clientKey(),
        () => answer,
        accepting,
      );
    },
  };
}
