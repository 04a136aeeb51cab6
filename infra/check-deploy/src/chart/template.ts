import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isNode, isPair, isScalar, isSeq, type Node, parseAllDocuments } from 'yaml';
import type { Path } from '../shape.js';
import { at } from '../shape.js';

/**
 * A change that makes a part of a manifest depend on the values of the chart.
 *
 * - `value`: the field gets this value of the chart, whose default must be what the manifest has
 * - `text`: the field gets this text, usually an expression
 * - `find`: this text within the field is replaced by `by`
 * - `when`: the field exists under a condition
 * - `after`: lines follow the field, at its indentation
 */
export type Edit = { readonly at: Path } & (
  | { readonly value: string }
  | { readonly text: string }
  | { readonly find: string; readonly by: string }
  | { readonly when: string }
  | { readonly after: string }
);

/** A default of the chart that differs from the manifest. */
export class WrongDefault extends Error {
  constructor(
    /** The path in values.yaml. */
    readonly path: Path,
    message: string,
  ) {
    super(message);
  }
}

/** The changes of one resource. */
export interface Resource {
  /** Kind and name, such as `Deployment ingest`. */
  readonly of: string;
  /** The condition under which the resource exists. */
  readonly when?: string;
  readonly edits?: readonly Edit[];
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const NAMESPACE = 'ads-metric-tracker';
const SECRET = 'ads-secrets';

/**
 * Makes a template of a manifest. Comments and layout stay, so that a template can be compared with its manifest.
 *
 * @param source documents of a manifest
 * @param defaults the values.yaml of the chart
 * @throws WrongDefault if a default differs from the manifest
 * @throws Error if a resource or field does not exist
 */
export function templateOf(source: string, resources: readonly Resource[], defaults: unknown): string {
  const documents = parseAllDocuments(source) as Document.Parsed[];
  const byName = new Map(documents.map((document) => [nameOf(document), document]));
  const replacements = resources.flatMap(({ of, when, edits = [] }) => {
    const document = byName.get(of);
    if (document === undefined) throw new Error(`The chart changes ${of}, which the manifests do not have.`);
    const inside = edits.flatMap((edit) => replacementsOf(source, document, edit, of, defaults));
    if (when === undefined) return inside;
    const [open, close] = around(extentOf(source, document), when);
    return [open, ...inside, close];
  });
  return withNamesOfRelease(replaceAll(source, replacements));
}

function nameOf(document: Document): string {
  return `${document.get('kind')} ${document.getIn(['metadata', 'name'])}`;
}

function withNamesOfRelease(template: string): string {
  return template
    .replaceAll(`namespace: ${NAMESPACE}\n`, 'namespace: {{ .Release.Namespace }}\n')
    .replaceAll(`.${NAMESPACE}.svc`, '.{{ .Release.Namespace }}.svc')
    .replaceAll(`name: ${SECRET}\n`, 'name: {{ .Values.secret }}\n');
}

function replacementsOf(
  source: string,
  document: Document.Parsed,
  edit: Edit,
  of: string,
  defaults: unknown,
): Replacement[] {
  const place = find(source, document, edit.at);
  if (place === undefined) throw new Error(`The chart changes ${edit.at.join('.')} of ${of}, which does not exist.`);
  if ('when' in edit) return around(place.lines, edit.when, place.indent);
  if ('after' in edit) return [insertion(place.lines.end, indented(edit.after, place.indent))];
  if ('find' in edit) {
    const start = source.indexOf(edit.find, place.value.start);
    if (start < 0 || start > place.value.end) throw new Error(`${edit.at.join('.')} of ${of} has no ${edit.find}.`);
    return [{ start, end: start + edit.find.length, text: edit.by }];
  }
  if ('text' in edit) return [{ ...place.value, text: ` ${edit.text}` }];
  // `.Values.ingest.resources`
  const path = edit.value.split('.').slice(2);
  const expected = at(defaults, ...path);
  if (!isDeepStrictEqual(expected, place.js)) {
    const [here, there] = [expected, place.js].map((value) => JSON.stringify(value));
    throw new WrongDefault(path, `${edit.value} is ${here} by default; ${edit.at.join('.')} of ${of} is ${there}`);
  }
  if (typeof expected !== 'object') return [{ ...place.value, text: ` {{ ${edit.value} }}` }];
  const inner = place.indent + 2;
  return [{ ...place.value, text: `\n${' '.repeat(inner)}{{- toYaml ${edit.value} | nindent ${inner} }}` }];
}

interface Place {
  /** The text after the colon of a key, or after the dash of an item. */
  readonly value: { start: number; end: number };
  /** The whole lines. */
  readonly lines: { start: number; end: number };
  /** The column of the key, or of the dash of an item. */
  readonly indent: number;
  readonly js: unknown;
}

function find(source: string, document: Document.Parsed, path: Path): Place | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1) ?? '';
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === last) : undefined;
  const node: unknown = isSeq(parent) ? parent.items[Number(last)] : pair?.value;
  const key: unknown = isPair(pair) ? pair.key : node;
  if (!isNode(node) || !isNode(key)) return undefined;
  const [valueStart, valueEnd] = rangeOf(node);
  const [keyStart, keyEnd] = rangeOf(key);
  const lineStart = source.lastIndexOf('\n', keyStart) + 1;
  // A literal text ends after its line break.
  const end = source[valueEnd - 1] === '\n' ? valueEnd - 1 : valueEnd;
  return {
    value: { start: pair === undefined ? valueStart - 1 : keyEnd + 1, end },
    lines: { start: lineStart, end: source.indexOf('\n', end) + 1 },
    indent: keyStart - lineStart - (pair === undefined ? 2 : 0),
    js: (node as Node).toJS(document),
  };
}

function rangeOf(node: Node): readonly [start: number, end: number] {
  if (!node.range) throw new Error('A node of a parsed document has no range.');
  return [node.range[0], node.range[1]];
}

/** The lines of a document, without the line that separates it from others. */
function extentOf(source: string, document: Document.Parsed): { start: number; end: number } {
  const [contents] = document.contents?.range ?? [0];
  const separator = source.lastIndexOf('---\n', contents);
  const next = source.indexOf('\n---\n', contents);
  return { start: separator < 0 ? 0 : separator + 4, end: next < 0 ? source.length : next + 1 };
}

/** Two insertions: the lines before and after that make lines depend on a condition. */
function around(lines: { start: number; end: number }, condition: string, indent = 0): [Replacement, Replacement] {
  return [
    insertion(lines.start, indented(`{{- if ${condition} }}`, indent)),
    insertion(lines.end, indented('{{- end }}', indent)),
  ];
}

function insertion(place: number, text: string): Replacement {
  return { start: place, end: place, text };
}

function indented(lines: string, indent: number): string {
  return `${lines.replace(/^(?=.)/gm, ' '.repeat(indent))}\n`;
}

/** If two replacements have the same place, the later one follows in the text. */
function replaceAll(source: string, replacements: readonly Replacement[]): string {
  let template = '';
  let done = 0;
  for (const { start, end, text } of replacements.toSorted((a, b) => a.start - b.start)) {
    template += `${escaped(source.slice(done, start))}${text}`;
    done = end;
  }
  return `${template}${escaped(source.slice(done))}`;
}

/** Expressions of Prometheus look like those of a chart, so a template writes their beginning as a text. */
function escaped(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
