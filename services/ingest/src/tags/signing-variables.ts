import { schemas, type Variables } from '@ads/runtime';
import Joi from 'joi';

/** A key of `TAG_SIGNING_KEYS`. */
export interface SigningKey {
  /** Is a part of every signature. */
  readonly id: string;
  readonly secret: string;
}

const MODES = ['off', 'report', 'enforce'] as const;
type SigningMode = (typeof MODES)[number];

/** The configuration of signed tags. */
export interface SigningConfig {
  readonly TAG_SIGNING: SigningMode;
  /** Defined unless `TAG_SIGNING` is `off`. */
  readonly TAG_SIGNING_KEYS?: readonly SigningKey[];
  readonly TAG_SIGNATURE_HOURS: number;
}

export const signingVariables: Variables<SigningConfig> = {
  TAG_SIGNING: Joi.string()
    .custom(toSigningMode)
    .default('off')
    .description(
      'Signatures of tags. `off`: none. `report`: VAST and the tags of ads are signed, and the signatures of pixels and click-through links are checked and counted in `tag_signatures_total`. `enforce`: also, events without a valid signature are invalid (`unsigned`, `bad_signature`, `expired`). With `IVT=off` nothing is checked. Give all replicas the same value.',
    ),
  TAG_SIGNING_KEYS: schemas.secret
    .custom(toSigningKeys)
    .description(
      'Keys that sign tags, as `id:secret`, separated by commas or line breaks: at most 8. The first one signs, all verify. An id has 1 to 16 letters, digits, `-` and `_`, and is visible in URLs. A secret has 32 to 256 printable ASCII characters, such as those of `openssl rand -hex 32`. Required unless `TAG_SIGNING` is `off`. Give all replicas the same value.',
    ),
  TAG_SIGNATURE_HOURS: Joi.number()
    .integer()
    .min(1)
    .max(8_760)
    .default(72)
    .description(
      'Hours for which the signatures of a VAST document hold. The default lets a player be offline for a weekend. Players that report later need more, for example 24 × `MAX_EVENT_AGE_DAYS`.',
    ),
};

function toSigningMode(value: string, helpers: Joi.CustomHelpers): SigningMode | Joi.ErrorReport {
  const mode = MODES.find((name) => name === value);
  if (mode === undefined) return helpers.message({ custom: `must be one of ${MODES.join(', ')}` });
  const { TAG_SIGNING_KEYS: keys } = helpers.state.ancestors[0] as { readonly TAG_SIGNING_KEYS?: unknown };
  if (mode === 'off' || keys !== undefined) return mode;
  return helpers.message({ custom: `${mode} needs TAG_SIGNING_KEYS, such as 2026a:SECRET with 32 characters or more` });
}

const MOST_KEYS = 8;
const ID = /^[\w-]{1,16}$/;
const SECRET = /^[!-~]{32,256}$/;
/** A random secret has more different characters: one of 100,000 secrets of 32 hexadecimal digits has fewer than 8. */
const LEAST_DIFFERENT = 8;

/** The messages name keys by their place only: a secret may stand where the id should be. */
function toSigningKeys(text: string, helpers: Joi.CustomHelpers): readonly SigningKey[] | Joi.ErrorReport {
  const items = text.split(/[\s,]+/).filter((item) => item !== '');
  const keys = items.map((item): SigningKey => {
    const colon = item.indexOf(':');
    return { id: item.slice(0, Math.max(0, colon)), secret: item.slice(colon + 1) };
  });
  const problem = keys.length === 0 ? 'must have a key, as id:secret' : problemOf(keys);
  return problem === undefined ? keys : helpers.message({ custom: problem });
}

function problemOf(keys: readonly SigningKey[]): string | undefined {
  if (keys.length > MOST_KEYS) return `must have at most ${MOST_KEYS} keys`;
  for (const [index, { id, secret }] of keys.entries()) {
    const place = `key ${index + 1} of the list`;
    if (!ID.test(id)) return `${place} must be id:secret, with an id of 1 to 16 letters, digits, - and _`;
    if (!SECRET.test(secret)) {
      return `the secret of ${place} must have 32 to 256 printable ASCII characters, such as those of \`openssl rand -hex 32\``;
    }
    if (new Set(secret).size < LEAST_DIFFERENT) {
      return `the secret of ${place} must have ${LEAST_DIFFERENT} different characters or more: make a random one with \`openssl rand -hex 32\``;
    }
    const others = keys.slice(0, index);
    if (others.some((other) => other.id === id)) return `${place} has the id of another key`;
    if (others.some((other) => other.secret === secret)) return `${place} has the secret of another key`;
  }
  return undefined;
}
