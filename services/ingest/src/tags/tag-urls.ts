import type { EventKind } from '@ads/models';
import { percentEncode } from './xml.js';

/*
 * The URLs that tags contain: PUBLIC_URL and a path without the prefix of the API, as a document has tens of them. `parameters` is
 * empty, or percent-encoded parameters that each begin with an ampersand.
 */

/** The parameter of pixels that names the ad. */
export const adParameter = (adId: string): string => `ad_id=${percentEncode(adId)}`;

/** @param query begins with {@link adParameter} */
export const pixelUrl = (publicUrl: string, kind: EventKind, query: string): string =>
  `${publicUrl}/t/${kind}?${query}`;

export const clickUrl = (publicUrl: string, adId: string, parameters: string): string =>
  `${publicUrl}/c/${percentEncode(adId)}${asQuery(parameters)}`;

export const vastUrl = (publicUrl: string, adId: string, parameters: string): string =>
  `${publicUrl}/vast/${percentEncode(adId)}${asQuery(parameters)}`;

const asQuery = (parameters: string): string => parameters.replace('&', '?');
