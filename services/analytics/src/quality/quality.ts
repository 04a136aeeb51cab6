import { DIAGNOSTIC_NAMES, DIAGNOSTICS, type DiagnosticLevel, type DiagnosticName, diagnosticLevel } from '@ads/models';
import type { Range } from '../report/range.js';
import type { CountsOfVerdict, Reuse } from './read-counts.js';
import type { Sample } from './read-events.js';

export interface Diagnostic {
  readonly value: number;
  readonly of: number;
  /** Null if `of` is 0. */
  readonly share: number | null;
  readonly level: DiagnosticLevel;
  readonly message: string;
}

export interface QualityParts {
  readonly verdicts: readonly CountsOfVerdict[];
  readonly reuse: Reuse;
  readonly sample: Sample;
}

/** The body of `GET /api/v1/ads/analytics/quality`. */
export function qualityOf(adId: string, { from, to }: Range, { verdicts, reuse, sample }: QualityParts) {
  const sum = (name: 'clicks' | 'impressions' | 'invalid_clicks' | 'invalid_impressions') =>
    verdicts.reduce((total, counts) => total + counts[name], 0);
  const [clicks, invalid_clicks] = [sum('clicks'), sum('invalid_clicks')];
  const [impressions, invalid_impressions] = [sum('impressions'), sum('invalid_impressions')];
  const gross_clicks = clicks + invalid_clicks;
  const gross_impressions = impressions + invalid_impressions;
  const { numbers } = sample;
  const values: Readonly<Record<DiagnosticName, readonly [value: number, of: number]>> = {
    invalid_clicks: [invalid_clicks, gross_clicks],
    invalid_impressions: [invalid_impressions, gross_impressions],
    ctr: [clicks, impressions],
    sessions_without_impression: [numbers.without_impression, numbers.with_click],
    clicks_at_start: [numbers.at_start, numbers.play_times],
    clicks_of_one_viewer: [numbers.most_clicks, numbers.known_clicks],
    impressions_of_one_viewer: [numbers.most_impressions, numbers.known_impressions],
    reused_sessions: [reuse.reused, reuse.events],
    funnel_gaps: [numbers.with_gap, numbers.with_step],
    events_without_session: [numbers.without_session, numbers.events],
  };
  return {
    ad_id: adId,
    from: isoOf(from),
    to: isoOf(to),
    counts: {
      ...{ gross_clicks, clicks, invalid_clicks },
      ...{ gross_impressions, impressions, invalid_impressions },
      verdicts: verdicts
        .filter(({ verdict }) => verdict !== 'valid')
        .map((counts) => ({
          verdict: counts.verdict,
          clicks: counts.invalid_clicks,
          impressions: counts.invalid_impressions,
        })),
    },
    sample: {
      from: isoOf(sample.from),
      is_complete: sample.isComplete,
      sessions_from: isoOf(sample.sessionsFrom),
      ...{ events: numbers.events, clicks: numbers.clicks, impressions: numbers.impressions },
    },
    diagnostics: Object.fromEntries(DIAGNOSTIC_NAMES.map((name) => [name, diagnosticOf(name, ...values[name])])),
  };
}

function diagnosticOf(name: DiagnosticName, value: number, of: number): Diagnostic {
  const { message } = DIAGNOSTICS[name];
  return { value, of, share: of === 0 ? null : value / of, level: diagnosticLevel(name, value, of), message };
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}
