import { generatedFiles as monitoringFiles } from '@ads/monitoring';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-page.js';

/** The text of every committed file that code generates, by its path in the project. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([...monitoringFiles(), [CONFIGURATION_PAGE, configurationPage()]]);
}
