import { unknownAd } from '../errors.js';
import type { RejectedEvents } from '../rejected-events.js';
import { json, otherErrors, retryLater, tooManyReads } from './parts.js';

const unknown = unknownAd('ad-0001', 404);

const example: RejectedEvents = {
  rejected: [
    {
      outcome: 'rejected',
      path: '/t/{event}',
      error: unknown.code,
      message: unknown.message,
      ad_id: 'ad-0001',
      count: 412,
      first_at: '2026-01-02T03:04:05.678Z',
      last_at: '2026-01-02T03:09:58.012Z',
    },
  ],
  not_listed: 0,
  complete: true,
};

/** `GET /api/v1/ads/events/rejected` */
export const rejectedOperation = {
  operationId: 'listRejectedEvents',
  tags: ['events'],
  summary: 'List what was rejected lately',
  description:
    'Lists the events and tag requests of the last hour that were refused, are not counted because of their tag, or got a document without an ad: so that a wrong tag is found. Each replica of ingest keeps up to 200 different rejections in memory, the most frequent ones of each reason, and shares them through Redis every 2 s; a restart of ingest forgets none that was shared. Bodies, addresses and keys are not kept. A key with an `advertiser` sees the rejections of its ads only.',
  responses: {
    200: json('The rejections.', 'RejectedEvents', example),
    429: retryLater('The client has exceeded its limit of reads.', tooManyReads),
    ...otherErrors,
  },
};
