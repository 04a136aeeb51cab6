import { KEY_SCOPES } from '@ads/models';
import Joi from 'joi';
import { nextCursor } from './responses.js';

/* Schemas of the responses about API keys. */

const time = Joi.string().isoDate();

const fields = {
  id: Joi.string().uuid().required().description('Id of the key, which is not secret.'),
  name: Joi.string().required().description('Name of the key, for people.'),
  scopes: Joi.array()
    .items(Joi.string().valid(...KEY_SCOPES))
    .required()
    .description('What the key may do.'),
  advertiser: Joi.string()
    .allow(null)
    .required()
    .description('The only advertiser whose ads the key may see and change; null for all ads.'),
  expires_at: time.allow(null).required().description('When the key ends; null for a key without an end.'),
  created_at: time.required().description('When the key was created.'),
  created_by: Joi.string().required().description('Name of the key that created it: `admin` for `ADMIN_API_KEY`.'),
};

/** `DELETE /api/v1/keys/{key_id}` */
export const keyResponse = Joi.object(fields);

/** `POST /api/v1/keys` */
export const createdKeyResponse = Joi.object({
  key: Joi.string().required().description('The key. It is shown once, and only its hash is stored.'),
  ...fields,
});

/** `GET /api/v1/keys` */
export const keysResponse = Joi.object({
  keys: Joi.array().items(keyResponse).required().description('The keys of this page, oldest first.'),
  next_cursor: nextCursor(),
});
