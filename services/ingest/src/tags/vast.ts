import { type Ad, fillTarget } from '@ads/models';
import { targetOf } from './click-target.js';
import { sessionQuery, type TagSession } from './tag-session.js';
import { adParameter } from './tag-urls.js';
import {
  EVENT,
  emptyDocument,
  SESSION,
  SID,
  servedDocument,
  sharedParts,
  TARGET,
  type VastDocument,
} from './vast-document.js';
import { cdataUrl } from './xml.js';

export interface Vast {
  readonly result: VastDocument['result'];
  readonly xml: string;
}

/**
 * Returns a function that makes the VAST 4.2 document of an ad. The parts that all responses share are made once per object
 * `ad`, which must not change, and those that all ads share are made once; a response is joined from them. Each response needs a
 * session of its own.
 *
 * @param publicUrl the address of the API as players see it, without a slash at the end
 * @example
 * const render = createVastRenderer('https://ads.example.com');
 * render(ad, { sid: uuidv7(now), carried: { placement: 'home' } }, now).xml
 */
export function createVastRenderer(publicUrl: string): (ad: Ad, session: TagSession, now: number) => Vast {
  const shared = new Map(Array.from(sharedParts(publicUrl), ([mark, text]) => [mark, text.split(EVENT)] as const));
  const empty = compile(emptyDocument(publicUrl), shared);
  const compiled = new WeakMap<Ad, CompiledAd>();
  return (ad, session, now) => {
    let parts = compiled.get(ad);
    if (parts === undefined) {
      parts = { ...datesOf(ad), served: compile(servedDocument(ad, publicUrl), shared) };
      compiled.set(ad, parts);
    }
    const isServed = now >= parts.startsAt && now < parts.endsAt;
    return join(isServed ? parts.served : empty, ad, session, now);
  };
}

/** An ad that is served from `startsAt` (included) to `endsAt` (excluded), in milliseconds since the Unix epoch. */
interface CompiledAd {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly served: CompiledDocument;
}

interface CompiledDocument {
  readonly result: VastDocument['result'];
  /** A text, one of the marks EVENT, SESSION, SID and TARGET, or the texts around each EVENT of a part that all ads share. */
  readonly pieces: readonly (string | readonly string[])[];
}

function datesOf({ status, starts_at: start, ends_at: end }: Ad): {
  readonly startsAt: number;
  readonly endsAt: number;
} {
  const startsAt = timeOf(start, Number.NEGATIVE_INFINITY);
  return {
    startsAt: status === 'active' ? startsAt : Number.POSITIVE_INFINITY,
    endsAt: timeOf(end, Number.POSITIVE_INFINITY),
  };
}

function timeOf(time: string | null, otherwise: number): number {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? otherwise : at;
}

/** Any mark. In parentheses, so that `split` keeps it. */
const MARK = /(<:\w+>)/;

function compile({ result, xml }: VastDocument, shared: ReadonlyMap<string, readonly string[]>): CompiledDocument {
  return { result, pieces: xml.split(MARK).map((piece) => shared.get(piece) ?? piece) };
}

function join({ result, pieces }: CompiledDocument, ad: Ad, session: TagSession, now: number): Vast {
  const query = sessionQuery(session);
  const event = `${adParameter(ad.id)}&${query}`;
  let xml = '';
  for (const piece of pieces) {
    if (typeof piece !== 'string') xml += piece.join(event);
    else if (piece === EVENT) xml += event;
    else if (piece === SESSION) xml += query;
    else if (piece === SID) xml += session.sid;
    else if (piece === TARGET) xml += filledTarget(ad, session, now);
    else xml += piece;
  }
  return { result, xml };
}

/** The id of a click is not known before it happens, so it is empty. */
function filledTarget(ad: Ad, { sid, carried }: TagSession, now: number): string {
  const target = targetOf(ad);
  if (target === undefined) return '';
  const own = { ad_id: ad.id, campaign: ad.campaign ?? undefined, sid, ts: now.toFixed() };
  return cdataUrl(fillTarget(target, { ...carried, ...own }));
}
