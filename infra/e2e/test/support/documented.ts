import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** The parts of a response that the OpenAPI document describes. */
export interface DocumentedAnswer {
  readonly method: string;
  /** The path, with or without `/api/v1`, and its query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  /** Parsed if it is JSON, text otherwise. */
  readonly body: unknown;
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: object }>>;
  /** Undefined for an answer without a body. */
  readonly content?: Readonly<Record<string, object>>;
}

/** Checks responses against an OpenAPI 3.1 document, and keeps a list of the documented responses that occurred. */
export class Documented {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #seen = new Set<string>();

  constructor(document: unknown) {
    this.#document = document as OpenApiDocument;
    formats.default(this.#ajv);
    this.#ajv.addSchema(document as object, 'openapi');
  }

  /** Every documented response, as in `GET /api/v1/ads 200`. */
  get promised(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
  }

  /** The elements of `promised` that `check` was called with. */
  get seen(): ReadonlySet<string> {
    return this.#seen;
  }

  /** A schema of the document's components. */
  schema(name: string): ValidateFunction {
    return this.#at(['components', 'schemas', name]);
  }

  /**
   * @throws Error if the status or the type is not documented, or if headers or body differ from the document. Responses to
   * undocumented paths and methods must be errors, except for preflights and the Swagger pages.
   */
  check(answer: DocumentedAnswer): void {
    const problem = this.#problem(answer);
    if (problem === undefined) return;
    const { method, path, status, body } = answer;
    throw new Error(`${method} ${path} answered ${status}: ${problem}\n${JSON.stringify(body)}`);
  }

  #problem(answer: DocumentedAnswer): string | undefined {
    const { status, headers, body } = answer;
    if (!headers.get('x-request-id')) return 'without X-Request-ID';
    const path = this.#pathOf(answer.path);
    const method = answer.method.toLowerCase();
    const operation = path === undefined ? undefined : this.#document.paths[path]?.[method];
    if (path === undefined || operation === undefined) {
      return status < 400 ? undefined : mismatch(this.schema('Error'), body);
    }
    const response = operation.responses[status];
    if (response === undefined) return 'a status that is not documented';
    const type = headers.get('content-type')?.split(';', 1)[0] ?? 'no Content-Type';
    if (response.content === undefined && type !== 'no Content-Type')
      return `a body of ${type}, which is not documented`;
    if (response.content !== undefined && response.content[type] === undefined)
      return `a type that is not documented: ${type}`;
    for (const [name, { required = false, schema }] of Object.entries(response.headers ?? {})) {
      const value = headers.get(name);
      if (value === null && required) return `without ${name}`;
      const { type: wanted } = schema as { type?: string };
      if (value !== null && wanted === 'integer' && !/^\d+$/.test(value)) return `${name} is no integer: ${value}`;
    }
    this.#seen.add(`${answer.method} ${path} ${status}`);
    if (response.content === undefined) return undefined;
    return mismatch(this.#at(['paths', path, method, 'responses', String(status), 'content', type, 'schema']), body);
  }

  /** The path as written in the document, where some have the prefix. A path without parameters goes first. */
  #pathOf(target: string): string | undefined {
    const [path = ''] = target.split('?', 1);
    const known = Object.keys(this.#document.paths);
    const asked = withoutPrefix(path);
    return (
      known.find((one) => withoutPrefix(one) === asked) ??
      known.find((one) => one.includes('{') && patternOf(withoutPrefix(one)).test(asked))
    );
  }

  #at(pointer: readonly string[]): ValidateFunction {
    const parts = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
    const validate = this.#ajv.getSchema(`openapi#/${parts.join('/')}`);
    if (validate === undefined) throw new Error(`The document has no ${pointer.join(' ')}`);
    return validate;
  }
}

function withoutPrefix(path: string): string {
  return path.replace(/^\/api\/v1(?=\/)/, '');
}

/** `/ads/{ad_id}` matches `/ads/x`. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function mismatch(validate: ValidateFunction, body: unknown): string | undefined {
  if (validate(body)) return undefined;
  return (validate.errors ?? [])
    .map(({ instancePath, message }) => `${instancePath || 'the body'} ${message}`)
    .join('; ');
}
