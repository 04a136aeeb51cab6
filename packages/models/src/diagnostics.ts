/** One row of {@link DIAGNOSTICS}. */
interface DiagnosticRow {
  /** The meaning of `value` and `of`, for the API's documentation. */
  readonly description: string;
  /** The usual cause of a high share, and the remedy: one sentence. */
  readonly message: string;
  /** Shares above these have the level. */
  readonly notice: number;
  readonly warning?: number;
}

const diagnostics = {
  invalid_clicks: {
    description: 'Invalid clicks, of all clicks.',
    message:
      'Invalid clicks usually come from bots, data centers or double clicks: see the verdicts in `counts`, and group a report of `invalid_clicks` by placement to find the publisher.',
    notice: 0.1,
    warning: 0.3,
  },
  invalid_impressions: {
    description: 'Invalid impressions, of all impressions.',
    message:
      'Invalid impressions usually come from bots or data centers: see the verdicts in `counts`, and group a report of `invalid_impressions` by placement to find the publisher.',
    notice: 0.1,
    warning: 0.3,
  },
  ctr: {
    description: 'Valid clicks, of valid impressions. The level is `warning` for a CTR above 1.',
    message:
      'More clicks than impressions usually mean that a player does not report impressions, or that a click URL is fetched by programs: compare both by placement in a report.',
    notice: 0.5,
    warning: 1,
  },
  sessions_without_impression: {
    description: 'Sessions with a click and no impression, of sessions with a click.',
    message:
      'Clicks without an impression usually mean that a player does not fetch the impression URL, or that the click URL was copied out of the VAST document: test the tag in that player.',
    notice: 0.05,
    warning: 0.2,
  },
  clicks_at_start: {
    description: 'Clicks in the first second of the video, of clicks that report a play time.',
    message:
      'Clicks in the first second usually come from programs, or from a click that started the video: see the clicks by second in `/ads/analytics/play-time`, and check where the player places the ad.',
    notice: 0.2,
    warning: 0.5,
  },
  clicks_of_one_viewer: {
    description: 'The clicks of the viewer with the most, of clicks whose viewer is known.',
    message:
      'Many clicks of one viewer usually come from a program, a test device or a shared address: export the events, find the address, and add it to `IVT_DENY_FILE` if it is not a person.',
    notice: 0.05,
    warning: 0.2,
  },
  impressions_of_one_viewer: {
    description: 'The impressions of the viewer with the most, of impressions whose viewer is known.',
    message:
      'Many impressions of one viewer usually come from a program, a test device or a server that fetches pixels for players: export the events and find the address; a server must forward the addresses of its viewers.',
    notice: 0.05,
    warning: 0.2,
  },
  reused_sessions: {
    description:
      'Repeated pixels and clicks of sessions that another viewer used before, of all clicks and impressions, on the UTC days that the range touches.',
    message:
      'Sessions of several viewers usually mean that a cache keeps the VAST document, so that impressions are missing: exclude `/vast/` from caching in the CDN, the ad server or the app.',
    notice: 0.01,
    warning: 0.05,
  },
  funnel_gaps: {
    description:
      'Sessions with a later step of the video (start, firstQuartile, midpoint, thirdQuartile, complete) without an earlier one, of sessions with any step.',
    message:
      'Missing steps usually mean that a player drops tracking URLs or that viewers jump forward: test the tag in that player, and compare the steps by placement in a report.',
    notice: 0.05,
    warning: 0.2,
  },
  events_without_session: {
    description: 'Events without `session_id`, of all events.',
    message:
      'Diagnostics of sessions cannot see events without a session: use the URLs of `/vast` or send `session_id` with each event.',
    notice: 0.5,
  },
} as const satisfies Readonly<Record<string, DiagnosticRow>>;

/** The diagnostics of one ad. They help to find faults and fraud; unlike verdicts they change no count. */
export type DiagnosticName = keyof typeof diagnostics;
export const DIAGNOSTICS: Readonly<Record<DiagnosticName, DiagnosticRow>> = diagnostics;
export const DIAGNOSTIC_NAMES = Object.keys(diagnostics) as readonly DiagnosticName[];

export const DIAGNOSTIC_LEVELS = ['ok', 'notice', 'warning'] as const;
export type DiagnosticLevel = (typeof DIAGNOSTIC_LEVELS)[number];

/** While `value` and `of` are both below this number, the level is `ok`. */
export const LEAST_FOR_LEVEL = 100;

/** The level of `value` out of `of`. */
export function diagnosticLevel(name: DiagnosticName, value: number, of: number): DiagnosticLevel {
  if (value === 0 || Math.max(value, of) < LEAST_FOR_LEVEL) return 'ok';
  const { notice, warning = Number.POSITIVE_INFINITY } = DIAGNOSTICS[name];
  const share = value / of;
  if (share > warning) return 'warning';
  return share > notice ? 'notice' : 'ok';
}
