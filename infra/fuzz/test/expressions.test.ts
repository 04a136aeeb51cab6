import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parseSync } from '@swc/core';
import fc from 'fast-check';
import { BUDGET_MS, cpuMs, shortly, withRuns } from './cpu.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Code that processes requests: packages, services and both gateways. */
const SOURCES = ['packages', 'services'].flatMap((folder) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name, 'src')),
);
const NGINX = ['nginx.conf', 'routes.conf'].map((name) => join('infra/gateway', name));

interface Expression {
  readonly where: string;
  readonly expression: RegExp;
}

function expressionsOf(folder: string): Expression[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .flatMap((name) => {
      const where = join(folder, name);
      const program = parseSync(readFileSync(join(root, where), 'utf8'), { syntax: 'typescript', target: 'es2022' });
      return literalsIn(program).map((expression) => ({ where, expression }));
    });
}

/** Every regular expression in a syntax tree. */
function literalsIn(node: unknown): RegExp[] {
  if (Array.isArray(node)) return node.flatMap(literalsIn);
  if (typeof node !== 'object' || node === null) return [];
  const { type, pattern, flags } = node as { type?: unknown; pattern?: unknown; flags?: unknown };
  if (type === 'RegExpLiteral') return [new RegExp(String(pattern), String(flags))];
  return Object.values(node).flatMap(literalsIn);
}

/** The expressions in maps of nginx, which use only syntax that JavaScript shares. */
function nginxExpressions(where: string): Expression[] {
  const lines = readFileSync(join(root, where), 'utf8').split('\n');
  return lines.flatMap((line) => {
    const pattern = /^\s*"?~\*?([^"\s]+)"?\s+\S+;/.exec(line)?.[1];
    return pattern === undefined ? [] : [{ where, expression: new RegExp(pattern) }];
  });
}

/** Short texts that the expression matches, or one fixed text if the generator does not support its syntax. */
function textsFor(expression: RegExp): string[] {
  try {
    const matching = fc.stringMatching(expression, { size: 'xsmall' });
    return fc.sample(matching, { numRuns: 4, seed: 1 }).map((text) => text.slice(0, 40));
  } catch {
    return ['a1 '];
  }
}

const expressions = [
  ...[...SOURCES, 'infra/local/src/gateway'].flatMap(expressionsOf),
  ...NGINX.flatMap(nginxExpressions),
];

describe('a regular expression', () => {
  it('is found in packages, services and gateways', () => {
    expect(expressions.length).toBeGreaterThan(25);
    expect(new Set(expressions.map(({ where }) => where.split('/', 2).join('/')))).toEqual(
      new Set([
        'packages/connections',
        'packages/contract',
        'packages/dashboard',
        'packages/http',
        'packages/ledger',
        'packages/models',
        'packages/player',
        'packages/runtime',
        'services/analytics',
        'services/consumer',
        'services/ingest',
        'infra/local',
        'infra/gateway',
      ]),
    );
  });

  it.each(expressions)('takes time in proportion to the length of a text: $where $expression', ({ expression }) => {
    const slow: string[] = [];
    for (const text of textsFor(expression).flatMap((sample) => [...withRuns(sample)])) {
      const ms = cpuMs(() => text.search(expression));
      if (ms > BUDGET_MS) slow.push(`${shortly(text)}: ${ms} ms`);
    }
    expect(slow.slice(0, 5)).toEqual([]);
  });
});
