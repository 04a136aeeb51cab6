import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from 'yaml';
import type { Problem } from './problem.js';
import type { Path } from './shape.js';

/** One document of a YAML file. */
export interface YamlDocument {
  readonly file: string;
  /** The parsed value, with aliases and merge keys resolved. */
  readonly value: unknown;
  /** The line of a path, or of the longest part of the path that exists. */
  lineOf(path: Path): number;
  problem(path: Path, message: string): Problem;
}

export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  /** Syntax errors, such as a duplicate key. */
  readonly problems: readonly Problem[];
}

export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const parsed = parseAllDocuments(text, { lineCounter: lines, merge: true });
  // A file without documents has no problems.
  const documents = Array.isArray(parsed) ? parsed : [];
  return {
    documents: documents
      .filter((root) => root.contents !== null)
      .map((root) => {
        const lineOf = (path: Path) => lineAt(offsetOf(root, path));
        return {
          file,
          value: root.errors.length > 0 ? undefined : root.toJS(),
          lineOf,
          problem: (path, message) => ({ file, line: lineOf(path), message }),
        };
      }),
    problems: documents.flatMap((root) =>
      root.errors.map(({ pos, message }) => ({
        file,
        line: lineAt(pos[0]),
        message: message.split('\n')[0] ?? message,
      })),
    ),
  };
}

function offsetOf(root: Document.Parsed, path: Path): number {
  let offset = root.contents?.range?.[0] ?? 0;
  let node: Node | null = root.contents;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(root) ?? null;
    const next = isMap(node)
      ? pairOf(root, node.items, String(step))
      : isSeq(node)
        ? node.items[Number(step)]
        : undefined;
    if (next === undefined) break;
    const place: unknown = isPair(next) ? next.key : next;
    offset = (place as Node | null)?.range?.[0] ?? offset;
    node = (isPair(next) ? next.value : next) as Node | null;
  }
  return offset;
}

/** The pair of a key, including pairs that a merge key adds. */
function pairOf(root: Document.Parsed, pairs: readonly Pair[], key: string): Pair | undefined {
  const own = pairs.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own !== undefined) return own;
  for (const { key: name, value } of pairs) {
    if (!isScalar(name) || name.source !== '<<') continue;
    const merged = isSeq(value) ? value.items : [value];
    for (const one of merged) {
      const map = isAlias(one) ? one.resolve(root) : one;
      const found = isMap(map) ? pairOf(root, map.items, key) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
