import Joi from 'joi';
import { strictReader } from './strict-query.js';

const MODES = ['all', 'valid'] as const;

/** The query of `POST /api/v1/ads/import`. */
export const adImportQuery = Joi.object({
  mode: Joi.string()
    .valid(...MODES)
    .default('all')
    .messages({ 'any.only': '{#label} must be all or valid' })
    .description('`all`: creates all ads or none. `valid`: creates the ads of the valid lines.'),
});

/** @param text the part of the URL after the question mark */
export const readAdImportQuery = strictReader<{ readonly mode: (typeof MODES)[number] }>(
  adImportQuery,
  'imports of ads',
);
