import Joi from 'joi';
import { nextCursor } from './responses.js';

/* Schemas of the responses about shares. */

const time = Joi.string().isoDate().required();

const opened = {
  ad_id: Joi.string().allow(null).required().description('The ad that the share opens; null for a campaign.'),
  campaign: Joi.string().allow(null).required().description('The campaign that the share opens; null for an ad.'),
  advertiser: Joi.string()
    .allow(null)
    .required()
    .description('The only advertiser whose ads the share opens; null for all ads.'),
  expires_at: time.description('When the share ends, unless the API key that created it ends before.'),
};

const fields = {
  id: Joi.string().uuid().required().description('Id of the share, which is not secret.'),
  name: Joi.string().required().description('Name of the share, for people.'),
  ...opened,
  created_at: time.description('When the share was created.'),
  created_by: Joi.string().required().description('Name of the key that created it: `admin` for `ADMIN_API_KEY`.'),
};

/** `DELETE /api/v1/shares/{share_id}` */
export const shareResponse = Joi.object(fields);

/** `POST /api/v1/shares` */
export const createdShareResponse = Joi.object({
  secret: Joi.string().required().description('The secret of the link. It is shown once, and only its hash is stored.'),
  ...fields,
});

/** `GET /api/v1/shares/current` */
export const currentShareResponse = Joi.object(opened);

/** `GET /api/v1/shares` */
export const sharesResponse = Joi.object({
  shares: Joi.array().items(shareResponse).required().description('The shares of this page, oldest first.'),
  next_cursor: nextCursor(),
});
