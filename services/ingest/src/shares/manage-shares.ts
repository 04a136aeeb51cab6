import {
  type ApiError,
  ENDPOINTS,
  invalidFields,
  keyEnded,
  otherAdvertiser,
  queryOf,
  readNewShare,
  readSharesQuery,
  tooManyNewShares,
  tooManyShares,
  unknownAd,
  unknownCampaign,
  unknownShare,
} from '@ads/contract';
import { callerOf, readBody, toExpress } from '@ads/http';
import { createShare, deleteShare, listShares, type ShareCreation } from '@ads/ledger';
import { isUuid, type ShareFields } from '@ads/models';
import type { Response, Router } from 'express';
import { keyTurns } from '../keys/key-turns.js';
import type { ManageKeysOptions } from '../keys/manage-keys.js';

/** Adds the routes that manage shares. One statement runs at a time. */
export function manageShares(router: Router, { database, keys, readJson, now }: ManageKeysOptions): void {
  const inTurn = keyTurns('shares');

  router.post(ENDPOINTS.createShare.path, async (request, response) => {
    const reading = readNewShare(await readBody(request, readJson), now());
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const fields = ofCaller(reading.fields, response);
    const caller = callerOf(response);
    const created = await inTurn(request, () => createShare(database, fields, caller));
    if (created.state !== 'created') throw refusalOf(created, fields);
    await keys.refresh();
    // The key may have ended within the second before: then the share does not work.
    if (!caller.isAdmitted()) throw keyEnded();
    response.status(201).json({ secret: created.secret, ...created.share });
  });

  router.get(ENDPOINTS.shares.path, async (request, response) => {
    const reading = readSharesQuery(queryOf(request.originalUrl));
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const { limit, cursor, ad_id: adId, campaign } = reading.query;
    const { advertiser } = callerOf(response);
    // One more tells whether there is a next page.
    const filter = { limit: limit + 1, after: cursor, advertiser, adId, campaign };
    const found = await inTurn(request, () => listShares(database, filter));
    const shown = found.slice(0, limit);
    response.json({ shares: shown, next_cursor: found.length > limit ? (shown.at(-1)?.id ?? null) : null });
  });

  router.get(ENDPOINTS.currentShare.path, (_request, response) => {
    const { share, advertiser = null } = callerOf(response);
    if (share === undefined) throw unknownShare();
    const { adId = null, campaign = null, expiresAt } = share;
    response.json({ ad_id: adId, campaign, advertiser, expires_at: new Date(expiresAt).toISOString() });
  });

  router.delete(toExpress(ENDPOINTS.deleteShare.path), async (request, response) => {
    const id = String(request.params.share_id);
    const { name, advertiser } = callerOf(response);
    const share = isUuid(id) ? await inTurn(request, () => deleteShare(database, id, name, advertiser)) : undefined;
    if (share === undefined) throw unknownShare();
    await keys.refresh();
    response.json(share);
  });
}

function refusalOf(creation: Exclude<ShareCreation, { readonly state: 'created' }>, fields: ShareFields): ApiError {
  switch (creation.state) {
    case 'unknown':
      return fields.ad_id === null ? unknownCampaign() : unknownAd(fields.ad_id, 404);
    case 'too_many':
      return tooManyShares(creation.most, creation.of);
    case 'too_often':
      return tooManyNewShares(creation.seconds);
  }
}

/** The share is limited as its creator is. @throws ApiError 403 for another advertiser than that of the caller */
function ofCaller(fields: ShareFields, response: Response): ShareFields {
  const { advertiser } = callerOf(response);
  if (advertiser === undefined) return fields;
  if (fields.advertiser !== null && fields.advertiser !== advertiser) throw otherAdvertiser(advertiser);
  return { ...fields, advertiser };
}
