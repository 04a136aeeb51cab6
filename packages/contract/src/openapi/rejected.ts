import { unknownAd } from '../errors.js';
import type { RejectedEvents } from '../rejected-events.js';
import { json } from './parts.js';
import { requestErrors } from './shared-responses.js';

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
  summary: 'List the rejections of the last hour',
  description:
    'Lists events and tag requests of the last hour that were refused, that are not counted because of their tag, or that got a document without an ad. The list helps to find a wrong tag. Each replica of ingest keeps up to 200 different rejections in memory, the most frequent ones of each reason, and shares them through Redis every 2 s. A restart of ingest loses none that was shared. Bodies, addresses and keys are not kept. A key with an `advertiser` gets the rejections of its ads only.',
  responses: {
    200: json('The rejections.', 'RejectedEvents', example),
    ...requestErrors,
  },
};
