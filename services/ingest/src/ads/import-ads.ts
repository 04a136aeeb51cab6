import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ApiError,
  detailsOfItem,
  invalidFields,
  invalidRequest,
  queryOf,
  readAdImportQuery,
  readNewAd,
  unavailable,
} from '@ads/contract';
import { type Caller, callerOf, clientKey, readBody, type TextBody, textReader } from '@ads/http';
import type { NewAd } from '@ads/ledger';
import { type Detail, uuidv7 } from '@ads/models';
import type { RequestHandler } from 'express';
import type { AdStore } from './ad-store.js';
import { IMPORT_FORMATS, type ImportFormat, type ImportLine, readImportLines } from './import-lines.js';
import { isOwn, withAdvertiser } from './own-ads.js';

/** Lines that are validated before the process does other work: about 3 ms. */
const LINES_PER_TURN = 100;
/** Attempts to create ads while others create some of them. */
const ATTEMPTS = 3;
/** Maximum number of problems in an error response. */
const MAX_DETAILS = 100;

interface CheckedLine {
  readonly line: number;
  /** The problems of the line; an ad otherwise. */
  readonly result: NewAd | readonly Detail[];
}

/** `POST /api/v1/ads/import` */
export function importHandler(
  store: AdStore,
  { MAX_IMPORT_ADS: most, MAX_IMPORT_BYTES: limitBytes }: { MAX_IMPORT_ADS: number; MAX_IMPORT_BYTES: number },
): RequestHandler {
  const readText = textReader(IMPORT_FORMATS, { limitBytes });
  return async (request, response) => {
    const reading = readAdImportQuery(queryOf(request.originalUrl));
    if (reading.state === 'invalid') throw invalidFields(reading.details);
    const body = (await readBody(request, readText)) as TextBody<ImportFormat> | undefined;
    const lines = body === undefined ? [] : await readImportLines(body.format, body.text);
    if (lines.length === 0) throw invalidRequest('The import has no ads.');
    if (lines.length > most) {
      throw invalidRequest(`The import has ${lines.length} ads; send at most ${most} in one request.`);
    }
    const client = clientKey(request.ip, request.socket);
    const { mode } = reading.query;
    const checked = await checkLines(lines, callerOf(response));
    const results =
      mode === 'check'
        ? await withoutExisting(checked, store, client)
        : await createFrom(checked, mode === 'all', store, client, callerOf(response).name);
    response.set('Cache-Control', 'no-store').json(answerOf(results, mode === 'check'));
  };
}

function answerOf(lines: readonly CheckedLine[], isCheck: boolean) {
  const valid = lines.filter(isValid).length;
  const results = lines.map(({ line, result }) => {
    if (!('id' in result)) return { line, status: 'rejected', details: result };
    return isCheck ? { line, status: 'valid' } : { line, status: 'created', id: result.id };
  });
  return { created: isCheck ? 0 : valid, rejected: lines.length - valid, results };
}

/** Validates each line, and that no id is repeated. */
async function checkLines(lines: readonly ImportLine[], caller: Caller): Promise<CheckedLine[]> {
  const checked: CheckedLine[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, { line, ad }] of lines.entries()) {
    if (index % LINES_PER_TURN === LINES_PER_TURN - 1) await nextTurn();
    const result = checkLine(ad, caller);
    const earlier = 'id' in result ? lineOf.get(result.id) : undefined;
    if (earlier !== undefined) {
      checked.push({ line, result: [{ path: 'id', message: `id must not be the id of line ${earlier}` }] });
      continue;
    }
    if ('id' in result) lineOf.set(result.id, line);
    checked.push({ line, result });
  }
  return checked;
}

function checkLine(ad: ImportLine['ad'], caller: Caller): CheckedLine['result'] {
  if ('problem' in ad) return [{ path: '', message: ad.problem }];
  const reading = readNewAd(ad.body);
  if (reading.state === 'invalid') return reading.details;
  const fields = withAdvertiser(reading.fields, caller);
  if (!isOwn(fields, caller)) return [{ path: 'advertiser', message: 'advertiser must be that of the API key' }];
  return { id: reading.id ?? uuidv7(Date.now()), ...fields };
}

/** The lines, of which those whose ad exists already are rejected. */
async function withoutExisting(given: readonly CheckedLine[], store: AdStore, client: string): Promise<CheckedLine[]> {
  const ids = given.filter(isValid).map(({ result }) => result.id);
  const existing = new Set(await store.existing(client, ids));
  return given.map((one) => {
    if (!isValid(one) || !existing.has(one.result.id)) return one;
    return { line: one.line, result: [{ path: 'id', message: 'id must not be the id of an existing ad' }] };
  });
}

/**
 * Creates the ads of the valid lines, and rejects lines whose ad exists already.
 *
 * @param by the name of the API key
 * @param all whether one rejected line rejects the import
 * @throws ApiError 400 if nothing was created
 */
async function createFrom(
  given: readonly CheckedLine[],
  all: boolean,
  store: AdStore,
  client: string,
  by: string,
): Promise<readonly CheckedLine[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const checked = await withoutExisting(given, store, client);
    const ads = checked.filter(isValid).map(({ result }) => result);
    if (ads.length === 0 || (all && ads.length < checked.length)) throw nothingCreated(checked);
    // Undefined if somebody has created one of them since the look-up.
    if ((await store.create(client, ads, by)) !== undefined) return checked;
  }
  throw unavailable('Some of these ads are being created by others; retry later.');
}

function isValid(one: CheckedLine): one is { readonly line: number; readonly result: NewAd } {
  return 'id' in one.result;
}

function nothingCreated(checked: readonly CheckedLine[]): ApiError {
  const details = checked.flatMap(({ line, result }) => ('id' in result ? [] : detailsOfItem(`lines.${line}`, result)));
  const [first] = details;
  const invalid = checked.filter((one) => !isValid(one)).length;
  const count = `${invalid} of ${checked.length} lines ${invalid === 1 ? 'is' : 'are'} invalid`;
  return invalidRequest(
    `No ad was created, because ${count}, for example ${first?.path}: ${first?.message}.`,
    details.slice(0, MAX_DETAILS),
  );
}
