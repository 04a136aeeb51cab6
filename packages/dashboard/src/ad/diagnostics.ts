import type { DiagnosticName } from '@ads/models';
import { timeIn } from '../format/times.js';
import { boundsOf, daysOf, type RangeChoice } from '../report/ranges.js';

interface Words {
  readonly title: string;
  /** The number `of` counts these. */
  readonly of: string;
  /** Between the numbers `value` and `of`; "of" by default. */
  readonly between?: string;
  /** The usual cause, and the remedy. */
  readonly advice: string;
}

/** The diagnostics in the words of the page. */
export const DIAGNOSTIC_WORDS: Readonly<Record<DiagnosticName, Words>> = {
  invalid_clicks: {
    title: 'Clicks that do not count',
    of: 'clicks',
    advice: 'Bots, data centers or double clicks. Compare placements in the report to find the publisher.',
  },
  invalid_impressions: {
    title: 'Impressions that do not count',
    of: 'impressions',
    advice: 'Bots or data centers. Compare placements in the report to find the publisher.',
  },
  ctr: {
    title: 'Clicks per impression',
    of: 'impressions',
    between: 'clicks for',
    advice: 'A player does not report impressions, or programs open the link. Compare both by placement.',
  },
  sessions_without_impression: {
    title: 'Clicks on an ad that was not shown',
    of: 'viewings with a click',
    advice: 'A player does not fetch the impression URL, or somebody copied the link. Test the tag in that player.',
  },
  clicks_at_start: {
    title: 'Clicks in the first second',
    of: 'clicks on the video',
    advice: 'Programs, or the click that starts the video. Check where the player places the ad.',
  },
  clicks_of_one_viewer: {
    title: 'Clicks of a single viewer',
    of: 'clicks',
    advice: 'A program, a test device or an address that many share. Export the events to find it.',
  },
  impressions_of_one_viewer: {
    title: 'Impressions of a single viewer',
    of: 'impressions',
    advice: 'A program, a test device, or a server that reports for viewers and does not forward their addresses.',
  },
  reused_sessions: {
    title: 'Viewers who share one VAST document',
    of: 'clicks and impressions',
    advice: 'A cache keeps the document, so impressions are missing. Exclude /vast/ from caching.',
  },
  funnel_gaps: {
    title: 'Videos with missing steps',
    of: 'videos',
    advice: 'A player drops tracking URLs, or viewers jump forward. Test the tag in that player.',
  },
  events_without_session: {
    title: 'Events that belong to no viewing',
    of: 'events',
    advice: 'Some of these checks cannot see them. Use the VAST tag, or send session_id with each event.',
  },
};

const DAY_MS = 86_400_000;
const QUARTER_MS = 900_000;
/** The longest range that the API diagnoses. */
export const MOST_DAYS = 7;

/** The last {@link MOST_DAYS} days of a range, as the API takes them. `isCut`: the range is longer. */
export interface DiagnosedRange {
  readonly from: string;
  readonly to?: string;
  readonly isCut: boolean;
}

/** @param now milliseconds since the epoch */
export function diagnosedRange(choice: RangeChoice, now: number): DiagnosedRange {
  const { tz } = choice;
  const bounds = boundsOf(daysOf(choice, now), tz, now);
  const from = timeIn(tz, bounds.from);
  const to = bounds.to === undefined ? undefined : timeIn(tz, bounds.to);
  // A range without an end ends with the present quarter of an hour, by the clock of the server.
  const earliest = (to ?? Math.ceil(now / QUARTER_MS) * QUARTER_MS + QUARTER_MS) - MOST_DAYS * DAY_MS;
  return {
    from: new Date(Math.max(from, earliest)).toISOString(),
    ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
    isCut: earliest > from,
  };
}
