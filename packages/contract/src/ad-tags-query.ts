import { labelSchemas } from '@ads/models';
import Joi from 'joi';
import { strictReader } from './strict-query.js';

/** Labels that the tags put into their events. */
const LABELS = ['placement', 'source'] as const;

/** The query of `GET /api/v1/ads/{ad_id}/tags`. */
export const adTagsQuery = Joi.object(Object.fromEntries(LABELS.map((name) => [name, labelSchemas[name]])));

/** @param text the part of the URL after the question mark */
export const readAdTagsQuery = strictReader<{ readonly [Label in (typeof LABELS)[number]]?: string }>(
  adTagsQuery,
  'tags',
);
