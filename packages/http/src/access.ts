import { createHash, timingSafeEqual } from 'node:crypto';
import {
  ACCESS_SCOPES,
  type Endpoint,
  endpointOf,
  type KeyScope,
  keyInvalid,
  keyMissing,
  keysDisabled,
  keyUnverified,
  SHARE_PREFIX,
  scopeMissing,
  shareForbidden,
  shareInvalid,
  shareMissing,
  withPrefix,
} from '@ads/contract';
import type { EventAccessConfig, KeyConfig, RequestHead } from '@ads/runtime';
import type { Response, Router } from 'express';
import { createRouter } from './create-router.js';
import type { HeaderList } from './head.js';

/** The sender of a request. */
export interface Caller {
  /** Names the key in histories: `admin` for `ADMIN_API_KEY`, otherwise the name and id of the key. */
  readonly name: string;
  /** Id of the key; undefined for `ADMIN_API_KEY` and for requests without a key. */
  readonly keyId: string | undefined;
  /** The only advertiser whose ads the caller may see and change; undefined for all ads. */
  readonly advertiser: string | undefined;
  /** The ad or the campaign to which the caller is limited; undefined for all ads. */
  readonly share: SharedAds | undefined;
  /** The caches that may keep the answer: `public` ones, or only `private` ones, because the request needed a key. */
  readonly cache: 'public' | 'private';
  /** False once the key was deleted or has expired. An answer that takes long must end then. */
  readonly isAdmitted: () => boolean;
}

/** The ads that a share opens: one ad, or those of a campaign. */
export interface SharedAds {
  readonly adId: string | undefined;
  readonly campaign: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** True if the ad is one of these. @param share undefined for all ads */
export function isShared(
  ad: { readonly id: string; readonly campaign: string | null },
  share: SharedAds | undefined,
): boolean {
  if (share === undefined) return true;
  return share.adId === undefined ? ad.campaign === share.campaign : ad.id === share.adId;
}

/** Checks the requests to an endpoint. */
export interface Guard {
  /** False for a request that needs no key, and has no share. */
  isFor(request: RequestHead): boolean;
  /** Returns the caller. @throws ApiError 401, 403 or 503 */
  admit(request: RequestHead): Caller;
}

/** Checks a key other than `ADMIN_API_KEY`. Does not wait. */
export type KeyCheck = (key: string) =>
  | { readonly state: 'unknown' | 'expired' | 'deleted' | 'unverified' }
  | {
      readonly state: 'live';
      readonly key: {
        readonly id: string;
        readonly name: string;
        readonly scopes: readonly (KeyScope | 'share')[];
        readonly advertiser: string | null;
        readonly ad_id: string | null;
        readonly campaign: string | null;
        readonly expires_at: number | null;
      };
    };

type LiveKey = Extract<ReturnType<KeyCheck>, { readonly state: 'live' }>['key'];

/** Decides which requests need a key. */
export interface Access {
  /** Undefined if the endpoint needs no key, so that its requests are not checked at all. */
  guardOf(endpoint: Endpoint): Guard | undefined;
  /**
   * True if the request has a key with the scope `stitch`, so that its headers about the viewer are trusted. A request without
   * `Authorization` costs nothing. A key that does not work is ignored: players cannot correct it.
   */
  mayStitch(request: RequestHead): boolean;
}

const ALL_ADS = { keyId: undefined, advertiser: undefined, share: undefined, isAdmitted: () => true };

/** The caller of a request that needs no key, with or without a key. */
export const ANYONE: Caller = { ...ALL_ADS, name: 'anyone', cache: 'public' };

const ADMIN: Caller = { ...ALL_ADS, name: 'admin', cache: 'private' };

/** The scheme is case-insensitive: RFC 9110, 11.1. */
const BEARER = /^Bearer +([!-~]+) *$/i;

export type AccessConfig = Pick<KeyConfig, 'ADMIN_API_KEY' | 'READ_ACCESS'> & Partial<EventAccessConfig>;

/**
 * The rules of `ENDPOINTS` under a configuration. The time of the comparison with `ADMIN_API_KEY` depends on neither key, because
 * it compares digests of equal length. A failed attempt costs some microseconds and counts in the rate limit, which comes first.
 *
 * @param check the keys beside `ADMIN_API_KEY`
 */
export function createAccess({ ADMIN_API_KEY, READ_ACCESS, EVENTS_ACCESS }: AccessConfig, check: KeyCheck): Access {
  const admin = ADMIN_API_KEY === undefined ? undefined : digestOf(ADMIN_API_KEY);
  const isAdmin = (secret: string): boolean => admin !== undefined && timingSafeEqual(digestOf(secret), admin);

  const needsKey = ({ access }: Endpoint): boolean => {
    switch (access) {
      case 'everybody':
        return false;
      case 'events':
        return EVENTS_ACCESS === 'key';
      case 'catalogue':
      case 'read':
        return READ_ACCESS === 'key';
      case 'manage':
      case 'share':
      case 'admin':
        return true;
    }
  };

  const callerWith = (secret: string, key: LiveKey, endpoint: Endpoint): Caller => {
    const scopes = ACCESS_SCOPES[endpoint.access];
    const share = shareOf(key);
    if (share === undefined && endpoint.access === 'share') throw shareMissing();
    if (share !== undefined && endpoint.isShared !== true) throw shareForbidden();
    if (share === undefined && !scopes.some((scope) => key.scopes.includes(scope))) throw scopeMissing(scopes);
    return {
      name: `${key.name} (${key.id})`,
      keyId: key.id,
      advertiser: key.advertiser ?? undefined,
      share,
      cache: 'private',
      isAdmitted: () => check(secret).state === 'live',
    };
  };

  return {
    guardOf(endpoint) {
      const { access } = endpoint;
      const isNeeded = needsKey(endpoint);
      const isRead = access === 'catalogue' || access === 'read';
      if (!isNeeded && !isRead) return undefined;
      const isManagement = access === 'manage' || access === 'admin';
      return {
        // A share is limited, and ends, although everybody may read.
        isFor: (request) => isNeeded || hasShare(request),
        admit(request) {
          if (isManagement && admin === undefined) throw keysDisabled();
          const secret = bearerOf(request);
          if (secret === undefined) throw keyMissing();
          const reading = check(secret);
          if (reading.state === 'live') return callerWith(secret, reading.key, endpoint);
          if (isAdmin(secret)) return ADMIN;
          if (reading.state === 'unverified') throw keyUnverified();
          throw hasShare(request) ? shareInvalid(reading.state) : keyInvalid(reading.state);
        },
      };
    },
    mayStitch(request) {
      if (request.headers.authorization === undefined) return false;
      const secret = bearerOf(request);
      if (secret === undefined) return false;
      const reading = check(secret);
      return reading.state === 'live' ? reading.key.scopes.includes('stitch') : isAdmin(secret);
    },
  };
}

function bearerOf({ headers: { authorization } }: RequestHead): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}

function hasShare(request: RequestHead): boolean {
  return bearerOf(request)?.startsWith(SHARE_PREFIX) ?? false;
}

function shareOf({ ad_id, campaign, expires_at }: LiveKey): SharedAds | undefined {
  if ((ad_id === null && campaign === null) || expires_at === null) return undefined;
  return { adId: ad_id ?? undefined, campaign: campaign ?? undefined, expiresAt: expires_at };
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Header of responses that needed a key. A cache must not reuse them for requests with another key or without a key. */
export const BY_KEY: HeaderList = ['Vary', 'Authorization'];

/** Returns a router that checks the requests for `routes` in the same order, and then lets them pass. */
export function guardRoutes(access: Access, routes: Router['stack']): Router {
  const guards = createRouter();
  for (const { route } of routes) {
    for (const { method } of route?.stack ?? []) {
      const guard = guardOf(access, method, String(route?.path));
      guards[method as 'get'](withPrefix([String(route?.path)]), (request, response, next) => {
        if (guard?.isFor(request)) {
          response.vary('Authorization').set('Cache-Control', 'private, no-store');
          response.locals.caller = guard.admit(request);
        }
        next('router');
      });
    }
  }
  return guards;
}

/** The guard of a route of `ENDPOINTS`, whose path has its parameters in braces or as Express has them. */
export function guardOf(access: Access, method: string, path: string): Guard | undefined {
  const endpoint = endpointOf(method, path.replaceAll(/:(\w+)/g, '{$1}'));
  return endpoint && access.guardOf(endpoint);
}

/** The caller of a request to Express. */
export function callerOf(response: Response): Caller {
  return (response.locals.caller as Caller | undefined) ?? ANYONE;
}

/** `/ads/{ad_id}` is `/ads/:ad_id` in Express. */
export function toExpress(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
