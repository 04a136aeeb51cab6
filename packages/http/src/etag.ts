import { createHash } from 'node:crypto';
import type { RequestHead } from '@ads/runtime';
import type { Caller } from './access.js';
import type { HeaderList } from './head.js';

/** For responses that clients may keep, and must compare with `If-None-Match` before each use. */
const REVALIDATED: Readonly<Record<Caller['cache'], HeaderList>> = {
  public: ['Cache-Control', 'no-cache'],
  private: ['Cache-Control', 'private, no-cache'],
};

/** A weak `ETag` of a text: equal texts have the same meaning. Takes 2 µs for the answer about one ad. */
export function weakTag(text: string): string {
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** The headers of a response with an `ETag` that no cache uses without asking. */
export function revalidated(etag: string, { cache }: Pick<Caller, 'cache'>): HeaderList {
  return [...REVALIDATED[cache], 'ETag', etag];
}

/** True if `If-None-Match` contains the tag, so that the client has this version. */
export function isKnown({ headers }: RequestHead, etag: string): boolean {
  return contains(headers['if-none-match'], etag);
}

/** True if the request is for any version, or for this one: it has no `If-Match`, or one that contains the tag. */
export function isFor({ headers }: RequestHead, etag: string): boolean {
  const wanted = headers['if-match'];
  return wanted === undefined || contains(wanted, etag);
}

/** Weak and strong tags are compared alike, because proxies that compress make strong tags weak. */
function contains(list: string | undefined, etag: string): boolean {
  const strong = etag.replace(/^W\//, '');
  const tags = list?.split(',') ?? [];
  return tags.some((tag) => ['*', strong, `W/${strong}`].includes(tag.trim()));
}
