import { type AdEvent, uuidv7 } from '@ads/models';

const NOW = Date.UTC(2026, 10, 22, 12);

/** A click of this ad at noon. */
export const click = (adId: string): AdEvent => ({
  kind: 'click',
  id: uuidv7(NOW),
  adId,
  ip: '203.0.113.9',
  occurredAt: NOW,
  receivedAt: NOW,
});
