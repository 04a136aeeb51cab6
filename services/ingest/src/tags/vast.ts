import { type Ad, fillTarget } from '@ads/models';
import { targetOf } from './click-target.js';
import { sessionQuery, type TagSession } from './tag-session.js';
import { emptyDocument, SESSION, SID, servedDocument, TARGET, type VastDocument } from './vast-document.js';
import { cdataUrl } from './xml.js';

export interface Vast {
  readonly result: VastDocument['result'];
  readonly xml: string;
}

/**
 * Returns a function that makes the VAST 4.2 document of an ad. The parts that all responses share are made once per object
 * `ad`, which must not change; a response is joined from them. Each response needs a session of its own.
 *
 * @param publicUrl the address of the API as players see it, without a slash at the end
 * @example
 * const render = createVastRenderer('https://ads.example.com');
 * render(ad, { sid: uuidv7(now), carried: { placement: 'home' } }, now).xml
 */
export function createVastRenderer(publicUrl: string): (ad: Ad, session: TagSession, now: number) => Vast {
  const compiled = new WeakMap<Ad, CompiledAd>();
  return (ad, session, now) => {
    let parts = compiled.get(ad);
    if (parts === undefined) {
      parts = compileAd(ad, publicUrl);
      compiled.set(ad, parts);
    }
    const { targetFor } = parts;
    const isServed = now >= parts.startsAt && now < parts.endsAt;
    return join(isServed ? parts.served : parts.empty, session, () => targetFor(session, now));
  };
}

/** An ad as it is served from `startsAt` until before `endsAt`, in milliseconds since the Unix epoch. */
interface CompiledAd {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly served: CompiledDocument;
  readonly empty: CompiledDocument;
  /** The CDATA section of the target URL with its macros filled. */
  readonly targetFor: (session: TagSession, now: number) => string;
}

interface CompiledDocument {
  readonly result: VastDocument['result'];
  /** SID, TARGET, or the texts around each SESSION. */
  readonly pieces: readonly (typeof SID | typeof TARGET | readonly string[])[];
}

function compileAd(ad: Ad, publicUrl: string): CompiledAd {
  const isActive = ad.status === 'active';
  return {
    startsAt: isActive ? timeOf(ad.starts_at, Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY,
    endsAt: timeOf(ad.ends_at, Number.POSITIVE_INFINITY),
    served: compileDocument(servedDocument(ad, publicUrl)),
    empty: compileDocument(emptyDocument(ad, publicUrl)),
    targetFor: fillerOf(ad),
  };
}

function timeOf(time: string | null, otherwise: number): number {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? otherwise : at;
}

/** In parentheses, so that `split` keeps them. */
const SEPARATORS = new RegExp(`(${SID}|${TARGET})`);

function compileDocument({ result, xml }: VastDocument): CompiledDocument {
  const pieces = xml
    .split(SEPARATORS)
    .map((piece) => (piece === SID || piece === TARGET ? piece : piece.split(SESSION)));
  return { result, pieces };
}

/** The id of a click is not known before it happens, so it is empty. */
function fillerOf(ad: Ad): CompiledAd['targetFor'] {
  const target = targetOf(ad);
  if (target === undefined) return () => '';
  const fixed = { ad_id: ad.id, campaign: ad.campaign ?? undefined };
  return ({ sid, carried }, now) => cdataUrl(fillTarget(target, { ...fixed, ...carried, sid, ts: String(now) }));
}

function join({ result, pieces }: CompiledDocument, session: TagSession, target: () => string): Vast {
  const query = sessionQuery(session);
  let xml = '';
  for (const piece of pieces) {
    if (piece === SID) xml += session.sid;
    else if (piece === TARGET) xml += target();
    else xml += piece.join(query);
  }
  return { result, xml };
}
