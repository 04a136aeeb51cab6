import type {
  AdStatus,
  DiagnosticLevel,
  DiagnosticName,
  GroupName,
  Interval,
  MetricName,
  Timeframe,
  WindowCounts,
  WindowField,
} from '@ads/models';

/* The answers of the API that the page reads. `packages/contract/src/responses.ts` describes each field. */

/** A row of `GET /ads/analytics`, of a request that names a window. */
export interface AdCounters {
  readonly ad_id: string;
  readonly total_clicks: number;
  readonly impressions: number;
  readonly ctr: number | null;
  readonly time_frames: Readonly<WindowCounts>;
  readonly impressions_time_frames: Readonly<WindowCounts>;
  readonly ctr_time_frames: Readonly<Record<WindowField, number | null>>;
}

/** `GET /ads/analytics` */
export interface AllCounters {
  readonly total_ads: number;
  readonly timeframe: Timeframe | null;
  readonly analytics: readonly AdCounters[];
  readonly next_cursor: string | null;
}

export interface ReportRow extends Readonly<Partial<Record<MetricName, number | null>>>, Groups {
  /** Start of the interval, with the offset of the time zone. Absent with `interval=total`. */
  readonly time?: string;
  readonly final: boolean;
}

type Groups = Readonly<Partial<Record<GroupName, string | null>>>;

/** `GET /ads/analytics/report` */
export interface Report {
  readonly from: string;
  readonly to: string;
  readonly tz: string;
  readonly interval: Interval;
  readonly group_by: readonly GroupName[];
  readonly rows: readonly ReportRow[];
  readonly next_cursor: string | null;
}

/** The counts of an ad, or of all ads, in a live state. */
export interface LiveCounts {
  readonly total_clicks: number;
  readonly impressions: number;
  readonly last_second: { readonly clicks: number; readonly impressions: number };
}

/** A message of `GET /ads/analytics/live`. */
export interface LiveState {
  readonly time: string;
  readonly source: 'redis' | 'postgres';
  readonly all?: LiveCounts & { readonly total_ads: number };
  readonly ads: readonly (LiveCounts & { readonly ad_id: string })[];
}

/** The fields of `GET /ads/{id}` that are shown beside numbers. */
export interface AdNames {
  readonly id: string;
  readonly title: string | null;
  readonly campaign: string | null;
  readonly advertiser: string | null;
  readonly status: AdStatus;
}

/** One diagnostic of `GET /ads/analytics/quality`. */
export interface Diagnostic {
  readonly value: number;
  readonly of: number;
  readonly share: number | null;
  readonly level: DiagnosticLevel;
}

/** `GET /ads/analytics/quality` */
export interface Quality {
  readonly sample: { readonly from: string; readonly is_complete: boolean; readonly events: number };
  readonly diagnostics: Readonly<Record<DiagnosticName, Diagnostic>>;
}
