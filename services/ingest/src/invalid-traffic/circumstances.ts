import { deviceAddress, deviceUserAgent, type RequestContext } from '@ads/http';
import type { AdEvent } from '@ads/models';
import type { RequestHead } from '@ads/runtime';
import type { TagQuery } from '../tags/tag-query.js';

/** The viewer of an event, as far as the request names it. */
export interface KnownViewer {
  /** Undefined if unknown. */
  readonly ip: string | undefined;
  /** Undefined if unknown; empty if the viewer's request has none. */
  readonly userAgent: string | undefined;
}

/** How an event was reported. */
export interface Circumstances {
  readonly viewer: KnownViewer;
  /** `pixel`: `/t`, which browsers and players fetch; `link`: `/c`, which browsers open; `json`: a JSON endpoint. */
  readonly channel: 'pixel' | 'link' | 'json';
  /** Undefined for a JSON endpoint: the sender may be the server of a publisher, so only the body describes the viewer. */
  readonly request: RequestHead | undefined;
  /** The parameters of the tag; undefined for a JSON endpoint. */
  readonly query: TagQuery | undefined;
}

/**
 * The circumstances of an event that a tag reports. A server that inserts ads is not the viewer: only its headers describe the
 * viewer.
 *
 * @param sender the address and the user agent of the request, or of the viewer that it names
 */
export function ofTag(
  context: RequestContext,
  sender: KnownViewer,
  channel: 'pixel' | 'link',
  query: TagQuery,
): Circumstances {
  const { request } = context;
  if (!context.isStitcher()) return { viewer: sender, channel, request, query };
  const ip = deviceAddress(request) === undefined ? undefined : sender.ip;
  return { viewer: { ip, userAgent: deviceUserAgent(request) }, channel, request, query };
}

/** The circumstances of an event of a JSON endpoint. @param fields the body of the event, validated */
export function ofBody(event: AdEvent, fields: unknown): Circumstances {
  const { ip, user_agent: userAgent } = fields as { readonly ip?: unknown; readonly user_agent?: unknown };
  const viewer = {
    ip: ip == null ? undefined : event.ip,
    // A server without one for its viewer may send an empty text.
    userAgent: typeof userAgent === 'string' && userAgent !== '' ? userAgent : undefined,
  };
  return { viewer, channel: 'json', request: undefined, query: undefined };
}
