/** The browser's locale. */
const LOCALE = undefined;

/** Shown where there is no number. */
export const NO_VALUE = '–';

const counts = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const shortCounts = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });
const rates = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 2, minimumFractionDigits: 2 });
const shortRates = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 });
const changes = new Intl.NumberFormat(LOCALE, {
  style: 'percent',
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});
const seconds = new Intl.NumberFormat(LOCALE, {
  style: 'unit',
  unit: 'second',
  unitDisplay: 'narrow',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

type Value = number | null | undefined;

const orNone = (format: Intl.NumberFormat) => (value: Value) => (value == null ? NO_VALUE : format.format(value));

/** A count in full: 1,234,567. */
export const formatCount = orNone(counts);
/** A count for axes: 1.2M. */
export const formatShortCount = orNone(shortCounts);
/** A fraction as per cent: 0.05 is 5.00%. */
export const formatRate = orNone(rates);
/** A fraction for axes: 5%. */
export const formatShortRate = orNone(shortRates);
/** A relative change with its sign: 0.05 is +5%. */
export const formatChange = orNone(changes);
/** A duration in seconds. */
export const formatSeconds = orNone(seconds);

/** The relative change of a value; null where it has none, because the value before is 0 or missing. */
export function changeOf(value: Value, before: Value): number | null {
  return value == null || before == null || before === 0 ? null : value / before - 1;
}

/** A quotient; null without a denominator. */
export function quotient(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
