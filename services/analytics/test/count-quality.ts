import type pg from 'pg';

interface StoredEvent {
  readonly kind: string;
  readonly time: number;
  readonly session: string | null;
  readonly viewer: string | null;
  readonly playTimeMs: number | null;
}

const STEPS = ['start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete'];

/** Counts `value` and `of` of the diagnostics of an ad from its stored events, as `quality.ts` documents them. */
export async function countQuality(
  pool: pg.Pool,
  adId: string,
  sample: { readonly from: string; readonly to: number; readonly sessions_from: string },
): Promise<Record<string, [value: number, of: number]>> {
  const { rows } = await pool.query<Record<string, string | null>>(
    'SELECT kind, id::text, session_id, viewer::text, play_time_ms::text FROM ad_events WHERE ad_id = $1 AND verdict IS NULL',
    [adId],
  );
  const [from, sessionsFrom] = [Date.parse(sample.from), Date.parse(sample.sessions_from)];
  const events = rows
    .map(
      ({ kind, id, session_id, viewer, play_time_ms }): StoredEvent => ({
        kind: kind ?? '',
        time: Number.parseInt((id ?? '').replaceAll('-', '').slice(0, 12), 16),
        session: session_id ?? null,
        viewer: viewer ?? null,
        playTimeMs: play_time_ms == null ? null : Number(play_time_ms),
      }),
    )
    .filter(({ time }) => time >= from && time < sample.to);
  const of = (kind: string) => events.filter((event) => event.kind === kind);
  const played = of('click').filter(({ playTimeMs }) => playTimeMs !== null);
  const sessions = [...grouped(events, ({ session }) => session).values()];
  const late = ({ time }: StoredEvent) => time >= sessionsFrom;
  const clicked = sessions.filter((session) => session.some((event) => event.kind === 'click' && late(event)));
  const watched = sessions.filter((session) => session.some((event) => STEPS.includes(event.kind) && late(event)));
  return {
    sessions_without_impression: [
      clicked.filter((session) => !session.some(({ kind }) => kind === 'impression')).length,
      clicked.length,
    ],
    clicks_at_start: [played.filter(({ playTimeMs }) => (playTimeMs ?? 0) < 1_000).length, played.length],
    clicks_of_one_viewer: ofOneViewer(of('click')),
    impressions_of_one_viewer: ofOneViewer(of('impression')),
    funnel_gaps: [watched.filter(hasGap).length, watched.length],
    events_without_session: [events.filter(({ session }) => session === null).length, events.length],
  };
}

function ofOneViewer(events: readonly StoredEvent[]): [number, number] {
  const counts = [...grouped(events, ({ viewer }) => viewer).values()].map(({ length }) => length);
  return [Math.max(0, ...counts), counts.reduce((sum, count) => sum + count, 0)];
}

/** True if a step is followed by a later one but was not reported itself. */
function hasGap(session: readonly StoredEvent[]): boolean {
  const reported = STEPS.map((step) => session.some(({ kind }) => kind === step));
  return reported.slice(0, reported.lastIndexOf(true)).includes(false);
}

/** Events by a key; those without it are left out. */
function grouped(events: readonly StoredEvent[], keyOf: (event: StoredEvent) => string | null) {
  const groups = new Map<string, StoredEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return groups;
}
