import type { Ad, AdStatus } from '@ads/models';
import { signal } from '@preact/signals';
import { send, urlOf } from '../api/client.js';
import { ApiProblem } from '../api/problem.js';
import { STATUS_LABELS } from './ad-fields.js';

/** The ads that this tab has changed. They are kept because a list from another replica may be ten seconds old. */
const changed = signal<ReadonlyMap<string, Ad>>(new Map());

/** Returns the version of the ad that this tab saved, if it is newer than the given one. */
export function latest(ad: Ad): Ad {
  const mine = changed.value.get(ad.id);
  return mine !== undefined && mine.updated_at > ad.updated_at ? mine : ad;
}

/** Names the last change of an ad in this tab; undefined before the first. */
export function lastChange(id: string): string | undefined {
  return changed.value.get(id)?.updated_at;
}

/** Keeps the version of an ad that the API returned, for all views. */
export function keepChanged(ad: Ad): void {
  changed.value = new Map(changed.value).set(ad.id, ad);
}

/** An ad with its version. */
export interface AdVersion {
  readonly ad: Ad;
  readonly etag: string | null;
}

const adUrl = (id: string) => urlOf(`/ads/${encodeURIComponent(id)}`);

/** @throws ApiProblem without an ETag: the change could overwrite that of somebody else */
function ifMatch(etag: string | null) {
  if (etag !== null) return { 'If-Match': etag };
  throw new ApiProblem(
    502,
    'The answer about this ad had no ETag, so nothing was changed. A proxy may have removed it.',
  );
}

export async function readVersion(id: string, signal?: AbortSignal): Promise<AdVersion> {
  const { body, etag } = await send('GET', adUrl(id), undefined, signal);
  return { ad: body as Ad, etag };
}

/** @throws ApiProblem 412 if the ad has changed since this version */
export async function changeAd({ ad, etag }: AdVersion, body: object): Promise<AdVersion> {
  const sent = await send('PATCH', adUrl(ad.id), body, undefined, ifMatch(etag));
  const version = { ad: sent.body as Ad, etag: sent.etag };
  keepChanged(version.ad);
  return version;
}

/** @param key makes a repeated request create one ad */
export async function createAd(body: object, key: string): Promise<Ad> {
  const sent = await send('POST', urlOf('/ads'), body, undefined, { 'Idempotency-Key': key });
  return sent.body as Ad;
}

/** Changes the status of an ad. @throws ApiProblem 412 if its status is not the one that was shown */
export async function changeStatus(shown: Ad, status: AdStatus): Promise<void> {
  const version = await readVersion(shown.id);
  if (version.ad.status !== shown.status) {
    keepChanged(version.ad);
    const now = STATUS_LABELS[version.ad.status].toLowerCase();
    throw new ApiProblem(412, `The ad is ${now} by now: somebody else changed it. Nothing was changed here.`);
  }
  if (status !== 'archived') {
    await changeAd(version, { status });
    return;
  }
  const { body } = await send('DELETE', adUrl(shown.id), undefined, undefined, ifMatch(version.etag));
  keepChanged(body as Ad);
}
