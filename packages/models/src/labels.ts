import Joi from 'joi';
import { limitedText } from './limited.js';

/** Maximum length of a label, in characters (code points). */
const LONGEST_LABEL = 64;

/** Printable characters: no control, format, private or unassigned ones, and no line separators. */
const LABEL = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

/**
 * The labels that the wire and Postgres accept. Wider than {@link LABEL}, because Unicode characters that one release of Node
 * regards as printable are unassigned for another, and an event that was accepted must not be dead-lettered for that.
 */
const STORABLE = /^[^\p{Cc}\p{Cs}]{1,64}$/u;

const DEVICES = ['mobile', 'tablet', 'desktop', 'tv', 'other'] as const;
const COUNTRY = /^[A-Z]{2}$/;

const LABEL_RULE = `{#label} must be 1 to ${LONGEST_LABEL} printable characters`;
const COUNTRY_RULE = '{#label} must be two capital letters (ISO 3166-1 alpha-2)';

function text(description: string): Joi.StringSchema {
  return (
    // A character takes at most two UTF-16 units, which joi counts.
    limitedText(2 * LONGEST_LABEL)
      .pattern(LABEL)
      .messages({ 'string.empty': LABEL_RULE, 'string.max': LABEL_RULE, 'string.pattern.base': LABEL_RULE })
      .allow(null)
      .description(`${description}: 1 to ${LONGEST_LABEL} printable characters.`)
  );
}

interface Label {
  /** The field of requests. Error codes are a field of one kind: see `EVENT_FIELDS`. */
  readonly schema?: Joi.Schema;
  /** True for a value that {@link schema} accepts; joi takes twenty times as long. */
  readonly isValid: (value: unknown) => value is string;
  /** The number of the label in `counts_per_label`. If absent, events are not counted by it. */
  readonly number?: number;
}

const isLabel = (value: unknown): value is string => typeof value === 'string' && LABEL.test(value);

const labels = {
  session_id: { schema: text('Session of the viewer'), isValid: isLabel },
  placement: { schema: text('Where the ad was shown'), isValid: isLabel, number: 1 },
  source: { schema: text('Source of the campaign, or a sub id'), isValid: isLabel, number: 2 },
  device: {
    schema: Joi.string()
      .valid(...DEVICES)
      .allow(null)
      .description('Device of the viewer.'),
    isValid: (value: unknown): value is string => (DEVICES as readonly unknown[]).includes(value),
    number: 3,
  },
  country: {
    schema: limitedText(2)
      .pattern(COUNTRY)
      .messages({ 'string.empty': COUNTRY_RULE, 'string.max': COUNTRY_RULE, 'string.pattern.base': COUNTRY_RULE })
      .allow(null)
      .description('Country of the viewer: two capital letters (ISO 3166-1 alpha-2).'),
    isValid: (value: unknown): value is string => typeof value === 'string' && COUNTRY.test(value),
    number: 4,
  },
  error_code: { isValid: isLabel, number: 5 },
} as const satisfies Readonly<Record<string, Label>>;

/** The labels of an event, besides its kind and ad: columns of `ad_events`. */
export type EventLabel = keyof typeof labels;
export type EventLabels = Readonly<Partial<Record<EventLabel, string>>>;

/** The labels of events. To add one: add a row here, and a migration that adds its column to `ad_events`. */
export const EVENT_LABELS: Readonly<Record<EventLabel, Label>> = labels;
export const EVENT_LABEL_NAMES = Object.keys(labels) as readonly EventLabel[];

/** The labels by which events are counted per quarter-hour. */
export type CountedLabel = {
  [Name in EventLabel]: (typeof labels)[Name] extends { readonly number: number } ? Name : never;
}[EventLabel];
export const COUNTED_LABELS = EVENT_LABEL_NAMES.filter(
  (name): name is CountedLabel => EVENT_LABELS[name].number !== undefined,
);

/** The number of a counted label in `counts_per_label`. */
export function labelNumber(name: CountedLabel): number {
  return labels[name].number;
}

/** The labels that requests carry as fields. */
const REQUEST_LABELS = EVENT_LABEL_NAMES.filter((name) => EVENT_LABELS[name].schema !== undefined);

/** The fields of requests. */
export const labelSchemas: Readonly<Record<string, Joi.Schema>> = Object.fromEntries(
  REQUEST_LABELS.map((name) => [name, EVENT_LABELS[name].schema as Joi.Schema]),
);

/**
 * Reads the labels of a request.
 *
 * @returns undefined if it has none, `invalid` if one of them is invalid
 */
export function readLabels(fields: Readonly<Record<string, unknown>>): EventLabels | undefined | 'invalid' {
  let found: Partial<Record<EventLabel, string>> | undefined;
  for (const name of REQUEST_LABELS) {
    const value = fields[name];
    if (value === undefined || value === null) continue;
    if (!EVENT_LABELS[name].isValid(value)) return 'invalid';
    found ??= {};
    found[name] = value;
  }
  return found;
}

/**
 * Reads the labels of an event on the wire. Labels of newer releases are ignored.
 *
 * @returns the labels, or the name of the first one that cannot be stored
 */
export function readStoredLabels(fields: Readonly<Record<string, unknown>>): EventLabels | EventLabel {
  const found: Partial<Record<EventLabel, string>> = {};
  for (const name of EVENT_LABEL_NAMES) {
    const value = fields[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || !STORABLE.test(value)) return name;
    found[name] = value;
  }
  return found;
}
