import Joi from 'joi';
import { isHost } from './host.js';

export const count = Joi.number().integer().min(0);
export const milliseconds = Joi.number().integer().min(1).max(600_000);
export const port = Joi.number().integer().min(1).max(65_535);
export const host = Joi.string().trim().custom(toHost);
export const secret = Joi.string().meta({ secret: true });

/** The non-empty items of a comma-separated list. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A joi rule: a host name or an address. */
export function toHost(text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  if (isHost(text)) return text;
  return helpers.message({
    custom: 'must be a host name or an address, such as db.example.com, without scheme, user, port and path',
  });
}
