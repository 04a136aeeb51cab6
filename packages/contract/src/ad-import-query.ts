import Joi from 'joi';
import { strictReader } from './strict-query.js';

const MODES = ['all', 'valid', 'check'] as const;

/** The query of `POST /api/v1/ads/import`. */
export const adImportQuery = Joi.object({
  mode: Joi.string()
    .valid(...MODES)
    .default('all')
    .messages({ 'any.only': '{#label} must be all, valid or check' })
    .description(
      '`all`: creates all ads or none. `valid`: creates the ads of the valid lines. `check`: creates nothing, and tells which lines are valid.',
    ),
});

/** @param text the part of the URL after the question mark */
export const readAdImportQuery = strictReader<{ readonly mode: (typeof MODES)[number] }>(
  adImportQuery,
  'imports of ads',
);
