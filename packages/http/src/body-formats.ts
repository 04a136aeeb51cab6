import type { IncomingMessage } from 'node:http';
import { type ApiError, invalidRequest, notJson, unsupportedMediaType } from './errors.js';

/** Called once with the body, an object or an array, or undefined where there is none; or with the reason to refuse it. */
export type Done = (error: unknown, body?: unknown) => void;

/** Makes the body of a request of its bytes. */
type Parser = (bytes: Buffer, done: Done) => void;

const NOT_UTF8 = 'The body must be UTF-8.';
const NOT_TAKEN =
  'The body must be application/json, text/plain that holds JSON, application/x-www-form-urlencoded or multipart/form-data.';

/**
 * The parser for the content type of a request, or the error 415.
 *
 * @param numbers names of form fields that are numbers
 */
export function parserFor({ headers, url = '' }: IncomingMessage, numbers: ReadonlySet<string>): Parser | ApiError {
  const contentType = headers['content-type'];
  if (contentType === 'application/json' || contentType === undefined) return parseJson;
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (parameters.some(isOtherCharset)) return unsupportedMediaType(NOT_UTF8);
  switch (type.trim()) {
    case '':
    case 'text/plain':
    case 'application/json':
    case 'application/octet-stream':
      return parseJson;
    case 'application/x-www-form-urlencoded':
      return (bytes, done) => parseForm(bytes, numbers, done);
    case 'multipart/form-data':
      return (bytes, done) => parseMultipart(bytes, contentType, numbers, done);
    case 'text/ping':
      return (_bytes, done) => done(undefined, fieldsOf(new URLSearchParams(queryOf(url)), numbers));
    default:
      return JSON_SUFFIX.test(type) ? parseJson : unsupportedMediaType(NOT_TAKEN);
  }
}

const JSON_SUFFIX = /^\s*application\/[\w.!#$&^-]+\+json\s*$/;

function isOtherCharset(parameter: string): boolean {
  const [name, value] = parameter.split('=', 2).map((part) => part.trim().replaceAll('"', ''));
  return name === 'charset' && value !== 'utf-8' && value !== 'utf8';
}

/** Some programs write it before a text. */
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
  let body: unknown;
  try {
    body = JSON.parse(textOf(bytes));
  } catch {
    // The body stays undefined, which is no object either.
  }
  if (typeof body === 'object' && body !== null) done(undefined, body);
  else done(notJson());
}

/** curl sends JSON under this type unless it is given another one. */
function parseForm(bytes: Buffer, numbers: ReadonlySet<string>, done: Done): void {
  const text = textOf(bytes).trim();
  if (text.startsWith('{')) parseJson(bytes, done);
  else done(undefined, fieldsOf(new URLSearchParams(text), numbers));
}

function parseMultipart(bytes: Buffer, contentType: string, numbers: ReadonlySet<string>, done: Done): void {
  new Response(bytes, { headers: { 'Content-Type': contentType } }).formData().then(
    (form) => done(undefined, fieldsOf(form, numbers)),
    () => done(invalidRequest('The body is not valid multipart/form-data.')),
  );
}

/** A number as in JSON, without exponent, of a bounded length. */
const NUMBER = /^-?\d{1,20}(?:\.\d{1,20})?$/;

/** The first of several fields of one name counts; an empty one counts as absent; files are left out. */
function fieldsOf(entries: Iterable<[string, unknown]>, numbers: ReadonlySet<string>): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || value === '' || fields.has(name)) continue;
    fields.set(name, numbers.has(name) && NUMBER.test(value) ? Number(value) : value);
  }
  return Object.fromEntries(fields);
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start + 1);
}
