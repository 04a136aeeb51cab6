import type { Repository } from '../repository.js';
import { ADD_ONS } from './edits/add-ons.js';
import { CONFIG } from './edits/config.js';
import type { Template } from './edits/fields.js';
import { NETWORK } from './edits/network.js';
import { SERVERS } from './edits/servers.js';
import { SERVICES } from './edits/services.js';
import { templateOf } from './template.js';

export const CHART = 'k8s/chart';
export const CHART_VALUES = `${CHART}/values.yaml`;

/** The generated templates of the Helm chart, by their path in the project. */
export function chartFiles(repository: Repository): ReadonlyMap<string, string> {
  const defaults = repository.yaml(CHART_VALUES).documents[0]?.value;
  const make = ({ manifest, resources }: Template) => templateOf(repository.text(manifest), resources, defaults);
  return new Map([
    [pathOf(CONFIG), `${head(CONFIG)}${withDefinition(make(CONFIG))}`],
    ...[...SERVICES, ...SERVERS, ...NETWORK, ...ADD_ONS].map((template): [string, string] => {
      const { when } = template;
      const body = make(template);
      const text = when === undefined ? body : `{{- if ${when} }}\n${body}{{- end }}\n`;
      return [pathOf(template), `${head(template)}${text}`];
    }),
  ]);
}

function pathOf({ file }: Template): string {
  return `${CHART}/templates/${file}`;
}

function head({ manifest }: Template): string {
  return `{{- /* Written by npm run generate, from ${manifest}: change it there. */}}\n`;
}

/** Moves the data of a ConfigMap to a definition, so that values can override them. */
function withDefinition(template: string): string {
  const [resource, data] = template.split(/^data:\n/m);
  if (data === undefined) throw new Error(`${CONFIG.manifest} has no data.`);
  const lines = data.replace(/^ {2}/gm, '');
  return `{{- define "ads.defaults" }}\n${lines}{{- end }}\n${resource}data:\n  {{- include "ads.config" . | nindent 2 }}\n`;
}
