import { otherAdvertiser } from '@ads/contract';
import type { Caller } from '@ads/http';
import type { AdFields } from '@ads/models';

/** The part of a caller that limits its ads. */
export type Owner = Pick<Caller, 'advertiser'>;

/** True if the caller may see and change the ad. */
export function isOwn(ad: Pick<AdFields, 'advertiser'>, { advertiser }: Owner): boolean {
  return advertiser === undefined || ad.advertiser === advertiser;
}

/** The fields of a new ad: those without an advertiser get that of the caller. Not all of them are {@link isOwn}. */
export function withAdvertiser<Fields extends Pick<AdFields, 'advertiser'>>(fields: Fields, owner: Owner): Fields {
  return { ...fields, advertiser: fields.advertiser ?? owner.advertiser ?? null };
}

/** @throws ApiError 403 for the ad of another advertiser than that of the caller, or of none */
export function requireOwn(ad: Pick<AdFields, 'advertiser'>, owner: Owner): void {
  if (owner.advertiser !== undefined && !isOwn(ad, owner)) throw otherAdvertiser(owner.advertiser);
}
