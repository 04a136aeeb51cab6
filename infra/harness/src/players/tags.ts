import { ENDPOINTS } from '@ads/contract';
import { derivedId, EVENT_KINDS, type EventKind, uuidv7 } from '@ads/models';
import type { Report } from '../journal.js';
import type { Random } from '../random.js';

/** How a player fills the parameters by which events of a session differ. */
const FILLED = { offset: '00:00:03', code: '402', vendor: 'iab.example', fetch: '' } as const;

export interface TagReportOptions {
  readonly kind: EventKind;
  readonly adId: string;
  /** The start of the session, in milliseconds. */
  readonly startedAt: number;
  /** The probability that a click is a link that a person follows, and not a pixel. */
  readonly links: number;
}

/** A report that a player makes by fetching a URL of a new session. */
export function tagReport(random: Random, { kind, adId, startedAt, links }: TagReportOptions): Report {
  const sid = uuidv7(startedAt);
  const { distinctBy } = EVENT_KINDS[kind];
  const cacheBuster = String(random.integer(10_000_000, 99_999_999));
  const qualifier = distinctBy === undefined ? '' : distinctBy === 'fetch' ? `${cacheBuster} ` : FILLED[distinctBy];
  const query = new URLSearchParams({ sid, cb: cacheBuster, ts: '[TIMESTAMP]', pl: 'tag', ...FILLED });
  const isLink = kind === 'click' && random.chance(links);
  if (!isLink) query.set('ad_id', adId);
  const path = isLink
    ? ENDPOINTS.clickThrough.path.replace('{ad_id}', encodeURIComponent(adId))
    : ENDPOINTS.pixel.path.replace('{event}', kind);
  return {
    kind,
    adId,
    id: derivedId(startedAt, [sid, adId, kind, qualifier]),
    tag: { answer: isLink ? 'redirect' : 'pixel', path: `${path}?${query}` },
  };
}
