import type { EventKind } from '@ads/models';
import { percentEncode } from './xml.js';

/*
 * The URLs that tags contain: PUBLIC_URL and a path without the prefix of the API, as a document has tens of them. `parameters` is
 * empty, or percent-encoded parameters that each begin with an ampersand.
 */

export const pixelUrl = (publicUrl: string, kind: EventKind, adId: string, parameters: string): string =>
  `${publicUrl}/t/${kind}?ad_id=${percentEncode(adId)}${parameters}`;

export const clickUrl = (publicUrl: string, adId: string, parameters: string): string =>
  `${publicUrl}/c/${percentEncode(adId)}${asQuery(parameters)}`;

export const vastUrl = (publicUrl: string, adId: string, parameters: string): string =>
  `${publicUrl}/vast/${percentEncode(adId)}${asQuery(parameters)}`;

const asQuery = (parameters: string): string => parameters.replace('&', '?');
