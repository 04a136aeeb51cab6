import { ApiError, invalidRequest, notJson, ownText, queryOf, unsupportedMediaType } from '@ads/contract';
import type { RequestHead } from '@ads/runtime';

/** Called once: with an error, or with the body (an object, an array, or undefined for an empty body). */
export type Done = (error: unknown, body?: unknown) => void;

/** Parses the bytes of a body. */
export type Parser = (bytes: Buffer, done: Done) => void;

const NOT_UTF8 = 'The body must be encoded in UTF-8.';
const UNSUPPORTED_TYPE =
  'Unsupported Content-Type; use application/json, text/plain with JSON, application/x-www-form-urlencoded or multipart/form-data.';

/**
 * Returns the parser of bodies with many values: JSON, or a JSON value per line (NDJSON), which becomes an array with undefined
 * for each line that is not JSON. Other content types get the error 415.
 */
export function linesParserFor({ headers }: RequestHead): Parser | ApiError {
  const type = mediaTypeOf(headers['content-type'] ?? '');
  if (type instanceof ApiError) return type;
  if (LINE_TYPES.has(type)) return parseLines;
  return JSON_TYPES.has(type) || JSON_SUFFIX.test(type) ? parseJson : unsupportedMediaType(UNSUPPORTED_LINES);
}

const LINE_TYPES: ReadonlySet<string> = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

/** A body as text, with the name of its format. */
export interface TextBody<Format> {
  readonly format: Format;
  readonly text: string;
}

/** Returns the parser of {@link TextBody}, or the error 415. @param formats by content type */
export function textParserFor<Format>(
  { headers }: RequestHead,
  formats: ReadonlyMap<string, Format>,
): Parser | ApiError {
  const type = mediaTypeOf(headers['content-type'] ?? '');
  if (type instanceof ApiError) return type;
  const format = formats.get(type);
  if (format === undefined) {
    return unsupportedMediaType(`Unsupported Content-Type; use ${[...formats.keys()].join(', ')}.`);
  }
  return (bytes, done) => {
    const text = strictTextOf(bytes);
    if (text === undefined) done(invalidRequest(NOT_UTF8));
    else done(undefined, { format, text } satisfies TextBody<Format>);
  };
}

/** The text of a body, without a byte order mark; undefined if it is not UTF-8, such as a table in the encoding of Windows. */
function strictTextOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Returns the parser of JSON alone, or the error 415. */
export function jsonParserFor({ headers }: RequestHead): Parser | ApiError {
  const type = mediaTypeOf(headers['content-type'] ?? '');
  if (type instanceof ApiError) return type;
  return type === 'application/json' ? parseJson : unsupportedMediaType(UNSUPPORTED_JSON);
}

const UNSUPPORTED_JSON = 'Unsupported Content-Type; use application/json.';
/** Everything that `navigator.sendBeacon` sends for a text or a Blob. */
const JSON_TYPES: ReadonlySet<string> = new Set(['', 'text/plain', 'application/json', 'application/octet-stream']);
const UNSUPPORTED_LINES =
  'Unsupported Content-Type; use application/json, text/plain with JSON, or application/x-ndjson.';

function parseLines(bytes: Buffer, done: Done): void {
  const lines = textOf(bytes).split('\n');
  done(
    undefined,
    lines.flatMap((line) => (line.trim() === '' ? [] : [jsonOf(line)])),
  );
}

/** The JSON value of a text; undefined if it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns the parser for the content type of a request, or the error 415.
 *
 * @param numbers names of the form fields that are parsed as numbers
 */
export function parserFor({ headers, url = '' }: RequestHead, numbers: ReadonlySet<string>): Parser | ApiError {
  const contentType = headers['content-type'];
  if (contentType === 'application/json' || contentType === undefined) return parseJson;
  const type = mediaTypeOf(contentType);
  if (type instanceof ApiError) return type;
  switch (type) {
    case 'application/x-www-form-urlencoded':
      return (bytes, done) => parseForm(bytes, numbers, done);
    case 'multipart/form-data':
      return (bytes, done) => parseMultipart(bytes, contentType, numbers, done);
    case 'text/ping':
      return (_bytes, done) => done(undefined, fieldsOf(new URLSearchParams(queryOf(url)), numbers));
    default:
      return JSON_TYPES.has(type) || JSON_SUFFIX.test(type) ? parseJson : unsupportedMediaType(UNSUPPORTED_TYPE);
  }
}

/**
 * Returns the media type of a `Content-Type` in lower case, without parameters, or the error 415 for another charset than UTF-8.
 */
function mediaTypeOf(contentType: string): string | ApiError {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  return parameters.some(isOtherCharset) ? unsupportedMediaType(NOT_UTF8) : type.trim();
}

const JSON_SUFFIX = /^\s*application\/[\w.!#$&^-]+\+json\s*$/;

function isOtherCharset(parameter: string): boolean {
  const [name, value] = parameter.split('=', 2).map((part) => part.trim().replaceAll('"', ''));
  return name === 'charset' && value !== 'utf-8' && value !== 'utf8';
}

/** Some programs write it before UTF-8 text. */
const BYTE_ORDER_MARK = 0xfeff;

function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

function parseJson(bytes: Buffer, done: Done): void {
  if (bytes.length === 0) {
    done(undefined);
    return;
  }
  const body = jsonOf(textOf(bytes));
  if (typeof body === 'object' && body !== null) done(undefined, body);
  else done(notJson());
}

/** Accepts JSON too, because curl sends all data under this content type by default. */
function parseForm(bytes: Buffer, numbers: ReadonlySet<string>, done: Done): void {
  const text = textOf(bytes).trim();
  if (text.startsWith('{')) parseJson(bytes, done);
  else done(undefined, fieldsOf(new URLSearchParams(text), numbers));
}

/** An event has fewer fields than this. */
const MAX_PARTS = 64;

/** Limits the number of parts first: parsing an empty file takes 35 µs, and a body of 16 KiB with empty files 9 ms. */
function parseMultipart(bytes: Buffer, contentType: string, numbers: ReadonlySet<string>, done: Done): void {
  if (hasTooManyParts(bytes)) {
    done(invalidRequest(`The form has more than ${MAX_PARTS} parts.`));
    return;
  }
  new Response(bytes, { headers: { 'Content-Type': contentType } }).formData().then(
    (form) => done(undefined, fieldsOf(form, numbers)),
    () => done(invalidRequest('The body is not valid multipart/form-data.')),
  );
}

/** Each part ends before a line that begins with `--`. */
function hasTooManyParts(bytes: Buffer): boolean {
  let at = 0;
  for (let parts = 0; parts <= MAX_PARTS; parts += 1) {
    at = bytes.indexOf('\r\n--', at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** A JSON number of bounded length, without an exponent. */
const NUMBER = /^-?\d{1,20}(?:\.\d{1,20})?$/;

/** Keeps the first field of each name. Ignores empty fields and files. */
function fieldsOf(entries: Iterable<[string, unknown]>, numbers: ReadonlySet<string>): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || value === '' || fields.has(name)) continue;
    fields.set(name, numbers.has(name) && NUMBER.test(value) ? Number(value) : ownText(value));
  }
  return Object.fromEntries(fields);
}
