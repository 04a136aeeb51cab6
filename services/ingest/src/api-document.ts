import { openApiDocument } from '@ads/contract/openapi';
import { stringify } from 'yaml';

/*
 * Loaded by the first request for the document, which most processes never get: it needs many more schemas than requests do.
 */

/** The OpenAPI document, made when this module is loaded. */
export const apiDocument: object = openApiDocument();

let yaml: string | undefined;

/** The document as YAML. The first call takes up to 0.15 s of CPU time. */
export function apiDocumentAsYaml(): string {
  // Without YAML aliases, because the document would contain more of them than many parsers accept.
  yaml ??= stringify(apiDocument, { aliasDuplicateObjects: false });
  return yaml;
}
