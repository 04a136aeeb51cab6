import { openApiDocument } from '@ads/contract/openapi';
import { stringify } from 'yaml';

/*
 * Loaded by the first request for the document, which most processes never get: it needs many more schemas than requests do.
 */

const document = openApiDocument();

/** The OpenAPI document, indented for people. */
export function apiDocumentAsJson(): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The document as YAML. A call takes up to 0.15 s of CPU time. */
export function apiDocumentAsYaml(): string {
  // Without YAML aliases, because the document would contain more of them than many parsers accept.
  return stringify(document, { aliasDuplicateObjects: false });
}
