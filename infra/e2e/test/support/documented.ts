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

interface Reference {
  /** Such as `#/components/responses/UnknownAd`. */
  readonly $ref: string;
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, DocumentedResponse | Reference>>;
}

interface DocumentedHeader {
  readonly required?: boolean;
  readonly schema: { readonly type?: string };
}

interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, DocumentedHeader | Reference>>;
  /** Undefined for an answer without a body. */
  readonly content?: Readonly<Record<string, Content>>;
}

interface Content {
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** Checks responses against an OpenAPI 3.1 document, and keeps a list of the documented responses that occurred. */
export class Documented {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #seen = new Set<string>();
  /** The features of the JSON bodies that `check` was called with. */
  readonly #features = new Set<string>();

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

  /**
   * Examples of JSON responses that differ from all bodies that `check` was called with: a response of the same operation has no
   * such field, or no error has such a message.
   */
  unlikeExamples(): string[] {
    const unlike = Object.entries(this.#document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, described]) => {
          const { example, examples = {} } = this.#resolved(described).content?.['application/json'] ?? {};
          const values = [example, ...Object.values(examples).map(({ value }) => value)];
          if (status === 'default') return [];
          return values
            .filter((value) => value !== undefined)
            .flatMap((value) => featuresOf(`${method.toUpperCase()} ${path} ${status}`, value))
            .filter((feature) => !this.#features.has(feature));
        }),
      ),
    );
    return [...new Set(unlike)];
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
    const described = operation.responses[status];
    if (described === undefined) return 'a status that is not documented';
    const response = this.#resolved(described);
    const type = headers.get('content-type')?.split(';', 1)[0] ?? 'no Content-Type';
    if (response.content === undefined && type !== 'no Content-Type')
      return `a body of ${type}, which is not documented`;
    if (response.content !== undefined && response.content[type] === undefined)
      return `a type that is not documented: ${type}`;
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      const { required = false, schema } = this.#resolved(header);
      const value = headers.get(name);
      if (value === null && required) return `without ${name}`;
      if (value !== null && schema.type === 'integer' && !/^\d+$/.test(value)) return `${name} is no integer: ${value}`;
    }
    const name = `${answer.method} ${path} ${status}`;
    this.#seen.add(name);
    for (const feature of featuresOf(name, body)) this.#features.add(feature);
    if (response.content === undefined) return undefined;
    const at = '$ref' in described ? pathOf(described) : ['paths', path, method, 'responses', String(status)];
    return mismatch(this.#at([...at, 'content', type, 'schema']), body);
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

  /** The part of the document that a reference names. */
  #resolved<Part extends object>(part: Part | Reference): Part {
    if (!('$ref' in part)) return part;
    return pathOf(part).reduce((at: object, name) => at[name as keyof typeof at], this.#document) as Part;
  }

  #at(pointer: readonly string[]): ValidateFunction {
    const parts = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
    const validate = this.#ajv.getSchema(`openapi#/${parts.join('/')}`);
    if (validate === undefined) throw new Error(`The document has no ${pointer.join(' ')}`);
    return validate;
  }
}

/** Describes a JSON body: the message of an error, without its names and numbers; the paths of the fields of any other. */
function featuresOf(response: string, body: unknown): string[] {
  if (typeof body !== 'object' || body === null) return [];
  if ('error' in body && 'message' in body) {
    return [`${body.error}: ${String(body.message).replaceAll(/"[^"]*"|\d+/g, '…')}`];
  }
  return fieldsOf(body).map((field) => `${response}: ${field}`);
}

/** `['ads', 'ads.id']`: the paths of all fields, without the places in arrays. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    name,
    ...fieldsOf(inner).map((field) => `${name}.${field}`),
  ]);
}

/** `['components', 'responses', 'UnknownAd']` */
function pathOf({ $ref }: Reference): string[] {
  return $ref.slice('#/'.length).split('/');
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
