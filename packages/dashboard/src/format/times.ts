import type { Interval } from '@ads/models';

/** The browser's locale. */
const LOCALE = undefined;

/** The time zone of the browser, such as Europe/Berlin. */
export const BROWSER_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;

const SHAPES = {
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  minute: { hour: '2-digit', minute: '2-digit' },
  date: { day: 'numeric', month: 'short' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
  month_axis: { month: 'short', year: 'numeric' },
  stamp: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  moment: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>;

export type TimeShape = keyof typeof SHAPES;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @param time milliseconds since the epoch @param zone IANA time zone */
export function formatTime(time: number, shape: TimeShape, zone: string): string {
  const name = `${shape} ${zone}`;
  let format = formats.get(name);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(LOCALE, { ...SHAPES[shape], timeZone: zone });
    formats.set(name, format);
  }
  return format.format(time);
}

/** How the start of an interval is written. */
export const SHAPE_OF_INTERVAL: Readonly<Record<Interval, TimeShape>> = {
  minute: 'moment',
  quarter_hour: 'moment',
  hour: 'moment',
  day: 'day',
  week: 'day',
  month: 'month',
  total: 'moment',
};

/** The date of a time in a zone: 2026-11-01. @param time milliseconds since the epoch */
export function dateIn(time: number, zone: string): string {
  // The locale of Sweden writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(time);
}

/** True if the browser knows the zone. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The offset of a zone for people: GMT+1. */
export function offsetName(zone: string, time = Date.now()): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(time);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** A zone for people: Europe/Berlin (GMT+1). */
export function zoneName(zone: string, time = Date.now()): string {
  return `${zone.replaceAll('_', ' ')} (${offsetName(zone, time)})`;
}

/** The offset of a zone in milliseconds, positive in the east. */
function offsetAt(time: number, zone: string): number {
  const text = new Intl.DateTimeFormat('sv-SE', { ...WALL_CLOCK, timeZone: zone }).format(time);
  const second = Math.floor(time / 1_000) * 1_000;
  return Date.parse(`${text.replace(' ', 'T')}Z`) - second;
}

const WALL_CLOCK = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
} as const;

/**
 * The time at which clocks of a zone show a date and a time of day. Where they show it twice or never, a time within the hour.
 *
 * @param msOfDay milliseconds after midnight, as clocks show them
 * @returns milliseconds since the epoch
 */
export function timeIn(zone: string, date: string, msOfDay = 0): number {
  const wall = Date.parse(`${date}T00:00:00Z`) + msOfDay;
  return wall - offsetAt(wall - offsetAt(wall, zone), zone);
}

/** The time of day in the zone, in milliseconds after midnight. */
export function msOfDayIn(zone: string, time: number): number {
  return Math.floor((time + offsetAt(time, zone)) % 86_400_000);
}

/** A date some days later, or earlier if `days` is negative: 2026-11-01. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/** The first day of the month that is some months later. */
export function firstOfMonth(date: string, months = 0): string {
  const [year = 0, month = 0] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}
