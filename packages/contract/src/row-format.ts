import Joi from 'joi';

/** The header of a report in CSV or NDJSON with the `hash` of its `invalid_traffic`. */
export const RULES_HEADER = 'X-Invalid-Traffic-Rules';

/** Formats of answers that are streamed row by row. */
export const ROW_FORMATS = ['ndjson', 'csv'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

/** The media type of each format. */
export const ROW_TYPES: Readonly<Record<RowFormat, string>> = { ndjson: 'application/x-ndjson', csv: 'text/csv' };

/** The parameter that chooses a format. */
export const formatParameter = () => Joi.string().valid(...ROW_FORMATS);
