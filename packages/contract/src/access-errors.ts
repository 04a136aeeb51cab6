import type { KeyScope } from '@ads/models';
import { ApiError, unavailable } from './errors.js';
import { API_PREFIX, ENDPOINTS } from './paths.js';

/** 401 for a request without a key. */
export function keyMissing(): ApiError {
  return new ApiError(
    401,
    'unauthorized',
    'This request needs an API key; send it in the header Authorization, as in "Bearer KEY".',
    { headers: { 'WWW-Authenticate': 'Bearer' } },
  );
}

const INVALID = {
  unknown: `The API key is not valid; send the ADMIN_API_KEY of the service, or a key of POST ${API_PREFIX}${ENDPOINTS.createKey.path}.`,
  expired: 'The API key has expired; ask the operator for a new one.',
  deleted: 'The API key was deleted; ask the operator for a new one.',
};

/** 401 for a request whose key does not work. */
export function keyInvalid(reason: keyof typeof INVALID): ApiError {
  return new ApiError(401, 'unauthorized', INVALID[reason], {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}

/** 401 for an answer that was not sent before its key or share ended. */
export function keyEnded(): ApiError {
  return new ApiError(
    401,
    'unauthorized',
    'The API key or share link expired or was deleted during the request; use another one.',
    {
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    },
  );
}

/** 503 for a request whose key cannot be checked. */
export function keyUnverified(): ApiError {
  return unavailable('The API key cannot be checked, because Postgres is unavailable; retry later.');
}

/** 403 for a request that changes something, while the service has no `ADMIN_API_KEY`. */
export function keysDisabled(): ApiError {
  return new ApiError(
    403,
    'keys_disabled',
    'This request needs an API key, and management is off; the operator must set ADMIN_API_KEY.',
  );
}

/** 403 for a key without the scope. @param needed one of these scopes is required; empty if only `ADMIN_API_KEY` is accepted */
export function scopeMissing(needed: readonly KeyScope[]): ApiError {
  const message =
    needed.length === 0
      ? 'Only ADMIN_API_KEY may manage API keys; send it instead of this key.'
      : `The API key lacks the scope ${needed.join(' or ')}; use a key that has it.`;
  return new ApiError(403, 'scope_missing', message, {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope"` },
  });
}

/** 403 for a request about another advertiser than that of the key. */
export function otherAdvertiser(advertiser: string): ApiError {
  return new ApiError(
    403,
    'other_advertiser',
    `This API key is for ads of the advertiser "${advertiser}" only; send this advertiser, or none.`,
    { details: [{ path: 'advertiser', message: 'advertiser must be that of the API key' }] },
  );
}

/** 404 for a key. */
export function unknownKey(): ApiError {
  return new ApiError(
    404,
    'unknown_key',
    `This key does not exist; GET ${API_PREFIX}${ENDPOINTS.keys.path} lists all keys.`,
  );
}

/** 409 for a new key. @param most the limit */
export function tooManyKeys(most: number): ApiError {
  return new ApiError(409, 'too_many_keys', `There are ${most} API keys already; delete those that are not needed.`);
}

const SHARE_INVALID = {
  unknown: 'The share link is not valid; ask the person who sent it for a new one.',
  expired: 'The share link has expired; ask the person who sent it for a new one.',
  deleted: 'The share link was revoked; ask the person who sent it for a new one.',
};

/** 401 for a request whose share does not work. */
export function shareInvalid(reason: keyof typeof SHARE_INVALID): ApiError {
  return new ApiError(401, 'unauthorized', SHARE_INVALID[reason], {
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}

/** 403 for a request that a share does not open. @param field the parameter that names another ad or campaign */
export function shareForbidden(field?: 'ad_id' | 'campaign'): ApiError {
  const details = field === undefined ? [] : [{ path: field, message: `${field} must be that of the share link` }];
  return new ApiError(403, 'share_forbidden', 'A share link opens the numbers of its ad or campaign only.', {
    details,
    headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
  });
}

/** 403 for a key in place of a share. */
export function shareMissing(): ApiError {
  return new ApiError(403, 'share_missing', 'This request is for share links; send the secret of one as the key.', {
    headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' },
  });
}

/** 404 for a share. */
export function unknownShare(): ApiError {
  return new ApiError(
    404,
    'unknown_share',
    `This share does not exist; GET ${API_PREFIX}${ENDPOINTS.shares.path} lists all shares.`,
  );
}

/** 404 for a share of a campaign that no ad has. */
export function unknownCampaign(): ApiError {
  return new ApiError(404, 'unknown_campaign', 'No ad has this campaign; send the campaign of an ad.', {
    details: [{ path: 'campaign', message: 'campaign must be that of an existing ad' }],
  });
}

/** 409 for a new share. @param most the limit of all shares, or of those of its advertiser */
export function tooManyShares(most: number, of: 'all' | 'advertiser'): ApiError {
  const whose = of === 'all' ? '' : ' of this advertiser';
  const message = `There are ${most} shares${whose} already; delete those that are not needed.`;
  return new ApiError(409, 'too_many_shares', message);
}

/** 429 for a new share. @param seconds until the next one can be created */
export function tooManyNewShares(seconds: number): ApiError {
  const message =
    'Too many shares were created in 24 hours; retry after the number of seconds in the header Retry-After, or use a share that exists.';
  return new ApiError(429, 'too_many_new_shares', message, { headers: { 'Retry-After': String(seconds) } });
}
