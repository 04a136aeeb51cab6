import type { RejectedEvents as Body, RejectedEvent } from '@ads/contract';
import { callerOf, clientKey } from '@ads/http';
import type { ServedAds } from '@ads/ledger';
import { AD_ID } from '@ads/models';
import type { RequestHandler } from 'express';
import type { RejectedEvents } from './open-rejected-events.js';

export interface RejectedHandlerOptions {
  readonly rejected: Pick<RejectedEvents, 'read'>;
  readonly ads: Pick<ServedAds, 'find'>;
}

/** `GET /api/v1/ads/events/rejected`. A key of one advertiser sees the rejections of its ads only. */
export function rejectedHandler({ rejected, ads }: RejectedHandlerOptions): RequestHandler {
  return async (request, response) => {
    const { rejected: rows, notListed, isComplete } = await rejected.read();
    const { advertiser } = callerOf(response);
    let isSure = true;
    const isOwn = async ({ ad_id: id }: RejectedEvent): Promise<boolean> => {
      if (advertiser === undefined) return true;
      if (id === null || !AD_ID.test(id)) return false;
      const found = await ads.find(id, clientKey(request.ip, request.socket));
      if (found.state === 'unverified' || found.state === 'busy') isSure = false;
      return found.state === 'known' && found.ad.advertiser === advertiser;
    };
    const own = await Promise.all(rows.map(isOwn));
    const body: Body = {
      rejected: rows.filter((_, index) => own[index]),
      not_listed: advertiser === undefined ? notListed : null,
      complete: isComplete && isSure,
    };
    response.set('Cache-Control', 'no-store').json(body);
  };
}
