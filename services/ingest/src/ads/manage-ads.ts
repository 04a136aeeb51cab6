import { createHash } from 'node:crypto';
import {
  API_PREFIX,
  adExists,
  adHasChanged,
  ENDPOINTS,
  idempotencyKeyReused,
  invalidFields,
  invalidRequest,
  notFound,
  problemsOf,
  queryOf,
  readAdChange,
  readAdHistoryQuery,
  readAdTagsQuery,
  readNewAd,
  unknownAd,
} from '@ads/contract';
import {
  type BodyReader,
  type Caller,
  callerOf,
  clientKey,
  isFor,
  isKnown,
  isShared,
  readBody,
  revalidated,
  setHeaders,
  toExpress,
  weakTag,
} from '@ads/http';
import { AD_ID, type Ad, type AdFields, sharedAd, uuidv7 } from '@ads/models';
import type { Request, Response, Router } from 'express';
import { adTags } from '../tags/ad-tags.js';
import type { TagSigning } from '../tags/tag-signing.js';
import type { AdStore } from './ad-store.js';
import { importHandler } from './import-ads.js';
import { isOwn, requireOwn, withAdvertiser } from './own-ads.js';

/** Printable ASCII characters. */
const IDEMPOTENCY_KEY = /^[ -~]{1,255}$/;

export interface ManageAdsOptions {
  readonly config: {
    readonly MAX_IMPORT_ADS: number;
    readonly MAX_IMPORT_BYTES: number;
    readonly PUBLIC_URL: string;
  };
  readonly store: AdStore;
  /** Reads JSON. */
  readonly readJson: BodyReader;
  /** Undefined if tags are not signed. */
  readonly signing: Pick<TagSigning, 'signForEver'> | undefined;
}

/** Adds the routes that read and change ads. */
export function manageAds(router: Router, options: ManageAdsOptions): void {
  const { config, store, readJson } = options;
  router.post(ENDPOINTS.createAd.path, (request, response) => createAd(request, response, store, readJson));
  router.post(ENDPOINTS.importAds.path, importHandler(store, config));
  const path = toExpress(ENDPOINTS.ad.path);
  router.get(path, (request, response) => getAd(request, response, store));
  router.patch(path, (request, response) => changeAd(request, response, store, readJson));
  router.delete(path, (request, response) =>
    editAd(request, response, store, 'archived', (fields) => ({ ...fields, status: 'archived' })),
  );
  router.get(toExpress(ENDPOINTS.adTags.path), (request, response) => getTags(request, response, options));
  router.get(toExpress(ENDPOINTS.adHistory.path), (request, response) => getHistory(request, response, store));
}

async function createAd(request: Request, response: Response, store: AdStore, readJson: BodyReader): Promise<void> {
  const caller = callerOf(response);
  const key = idempotencyKeyOf(request, caller);
  const reading = readNewAd(await readBody(request, readJson));
  if (reading.state === 'invalid') throw invalidFields(reading.details);
  const { id = uuidv7(Date.now()) } = reading;
  const fields = withAdvertiser(reading.fields, caller);
  requireOwn(fields, caller);
  const client = clientOf(request);
  const requestHash = createHash('sha256')
    .update(JSON.stringify([reading.id, Object.entries(fields).sort()]))
    .digest('base64url');

  const repeated = async (): Promise<Ad | undefined> => {
    const creation = key === undefined ? undefined : await store.readCreation(client, key);
    if (creation !== undefined && creation.request_hash !== requestHash) throw idempotencyKeyReused();
    return creation?.ad;
  };
  const create = async (): Promise<Ad> => {
    const idempotency = key === undefined ? undefined : { key, requestHash };
    const [ad] = (await store.create(client, [{ id, ...fields }], caller.name, idempotency)) ?? [];
    // Another request may have created it since the look-up.
    const created = ad ?? (await repeated());
    if (created === undefined) throw adExists(id);
    return created;
  };
  const ad = (await repeated()) ?? (await create());
  response.status(201).location(`${API_PREFIX}${ENDPOINTS.ads.path}/${encodeURIComponent(ad.id)}`);
  sendAd(response, ad);
}

async function getAd(request: Request, response: Response, store: AdStore): Promise<void> {
  const ad = await existingAd(request, response, store);
  const caller = callerOf(response);
  const body = caller.share === undefined ? ad : sharedAd(ad);
  // The version of the ad tells a share when hidden fields change.
  const etag = caller.share === undefined ? versionOf(ad) : weakTag(JSON.stringify(body));
  setHeaders(response, revalidated(etag, caller));
  if (isKnown(request, etag)) response.status(304).end();
  else response.json(body);
}

async function changeAd(request: Request, response: Response, store: AdStore, readJson: BodyReader): Promise<void> {
  const reading = readAdChange(await readBody(request, readJson));
  if (reading.state === 'invalid') throw invalidFields(reading.details);
  await editAd(request, response, store, 'changed', (fields) => ({ ...fields, ...reading.change }));
}

/** Answers with the changed ad. @throws ApiError 400, 403, 404 or 412 */
async function editAd(
  request: Request,
  response: Response,
  store: AdStore,
  action: 'changed' | 'archived',
  change: (fields: AdFields) => AdFields,
): Promise<void> {
  const id = adIdOf(request);
  const caller = callerOf(response);
  const apply = (ad: Ad): AdFields => {
    if (!isOwn(ad, caller)) throw unknownAd(id, 404);
    if (!isFor(request, versionOf(ad))) throw adHasChanged(id);
    const { id: _id, created_at: _created, updated_at: _updated, ...fields } = ad;
    const changed = change(fields);
    requireOwn(changed, caller);
    // An ad from SQL may have the problem already.
    const before = problemsOf(ad).map(({ path }) => path as keyof AdFields);
    const known = before.filter((path) => changed[path] === ad[path]) as string[];
    const details = problemsOf(changed).filter(({ path }) => !known.includes(path));
    if (details.length > 0) throw invalidFields(details);
    return changed;
  };
  const ad = await store.edit(clientOf(request), id, { action, by: caller.name, apply });
  if (ad === undefined) throw unknownAd(id, 404);
  sendAd(response, ad);
}

async function getHistory(request: Request, response: Response, store: AdStore): Promise<void> {
  const reading = readAdHistoryQuery(queryOf(request.originalUrl));
  if (reading.state === 'invalid') throw invalidFields(reading.details);
  const { limit, cursor } = reading.query;
  const { id: adId } = await existingAd(request, response, store);
  // One row more than the page shows whether there is a next page.
  const found = await store.readChanges(clientOf(request), adId, limit + 1, cursor);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const changes = shown.map(({ id: _id, ...change }) => change);
  const next = found.length > limit && last !== undefined ? String(last.id) : null;
  response.set('Cache-Control', 'no-store').json({ ad_id: adId, changes, next_cursor: next });
}

async function getTags(
  request: Request,
  response: Response,
  { store, config, signing }: ManageAdsOptions,
): Promise<void> {
  const reading = readAdTagsQuery(queryOf(request.originalUrl));
  if (reading.state === 'invalid') throw invalidFields(reading.details);
  const ad = await existingAd(request, response, store);
  response.set('Cache-Control', 'no-store').json(adTags(ad, reading.query, config.PUBLIC_URL, signing));
}

/** @throws ApiError 404 also for the ad of another advertiser than that of the caller */
async function existingAd(request: Request, response: Response, store: AdStore): Promise<Ad> {
  const id = adIdOf(request);
  const ad = await store.read(clientOf(request), id);
  const caller = callerOf(response);
  if (ad === undefined || !isOwn(ad, caller) || !isShared(ad, caller.share)) throw unknownAd(id, 404);
  return ad;
}

/** @throws ApiError 404 for a text that no ad can have as its id */
function adIdOf({ params }: Request): string {
  const { ad_id: id } = params;
  if (typeof id !== 'string' || !AD_ID.test(id)) throw notFound();
  return id;
}

/** The key as it is stored. Two API keys may use the same one for different ads. */
function idempotencyKeyOf(request: Request, { keyId }: Caller): string | undefined {
  const key = request.get('Idempotency-Key');
  if (key === undefined) return undefined;
  if (IDEMPOTENCY_KEY.test(key)) return keyId === undefined ? key : `${keyId} ${key}`;
  const message = 'Idempotency-Key must be 1 to 255 printable ASCII characters';
  throw invalidRequest(`The header ${message}.`, [{ path: 'Idempotency-Key', message }]);
}

const clientOf = (request: Request): string => clientKey(request.ip, request.socket);

/** The ETag of an ad: its last change, to the microsecond. */
const versionOf = ({ updated_at: updatedAt }: Ad): string => `"${updatedAt.replaceAll(/\D/g, '')}"`;

function sendAd(response: Response, ad: Ad): void {
  response.set('ETag', versionOf(ad)).json(ad);
}
