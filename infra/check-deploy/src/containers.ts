import { at, type Path } from './shape.js';

/*
 * Rules for containers, in Compose and in Kubernetes.
 */

/** A field such as `logging.options`, the test for its value, and the message if the value does not pass. */
export type Requirement = readonly [field: string, isMet: (value: unknown) => boolean, otherwise: string];

/** The path of a mistake, and a message that describes it. */
export type Finding = readonly [path: Path, message: string];

export const is = (expected: unknown) => (value: unknown) => value === expected;
export const includes = (item: unknown) => (value: unknown) => Array.isArray(value) && value.includes(item);
export const isGiven = (value: unknown) => value !== undefined && value !== '';

/** The requirements that a value does not meet. */
export function unmet(value: unknown, requirements: readonly Requirement[]): Finding[] {
  return requirements
    .map(([field, isMet, otherwise]) => ({ path: field.split('.'), isMet, otherwise }))
    .filter(({ path, isMet }) => !isMet(at(value, ...path)))
    .map(({ path, otherwise }) => [path, otherwise]);
}

/**
 * Returns the problem of an image name; undefined if it is pinned to a version.
 * `${VERSION:-1.2}` counts as its default.
 */
export function imageProblem(image: string): string | undefined {
  if (image === '') return 'has no image';
  const plain = image.replace(/\$\{\w+:?-([^}]*)\}/g, '$1').replace(/\$\{\w+:?\?[^}]*\}/g, '1.0');
  const [, tag] = /:([^:/@]+)(?:@sha256:[0-9a-f]{64})?$/.exec(plain) ?? [];
  if (tag === undefined) return `the image ${image} has no tag`;
  return /\d+\.\d+/.test(tag) || /^\d+-[a-z]/.test(tag) ? undefined : `the image ${image} is not pinned to a version`;
}

/** Matches the name of a program that uses 100 ms of CPU or more to start. */
const SLOW_TO_START = /(?:^|[\s"'[/])(node|npm|npx|pnpm|python3?|java)(?=$|[\s"',\]])/;

/**
 * Returns the reason why the command of a health check is too expensive; undefined if it is cheap. Health checks run every few
 * seconds in every container, so expensive ones overload a busy host.
 *
 * @param command in any form: words, or a list as JSON
 */
export function healthCheckProblem(command: string): string | undefined {
  const [, program] = SLOW_TO_START.exec(command) ?? [];
  return program === undefined
    ? undefined
    : `its health check starts ${program} each time, which uses 100 ms of CPU or more; use a cheaper command`;
}

const POWERS = ['', 'k', 'm', 'g', 't'];

/** Converts `8GiB`, `256m`, `10Gi` or a number to bytes; NaN for any other text. */
export function bytesOf(size: string): number {
  const [, number, unit = ''] = /^([\d.]+)\s*([kmgt]?)i?b?$/i.exec(size) ?? [];
  return number === undefined ? Number.NaN : Number(number) * 1_024 ** POWERS.indexOf(unit.toLowerCase());
}

/** Checks that the heap limit of Node is at most half of the memory. Everything else needs less than the other half. */
export function heapProblem(nodeOptions: string, limit: string): string | undefined {
  const [, heap] = /--max-old-space-size=(\d+)/.exec(nodeOptions) ?? [];
  if (heap === undefined || limit === '' || Number(heap) * 2 * 1_024 ** 2 <= bytesOf(limit)) return undefined;
  return `a heap of ${heap} MB is more than half of its memory, ${limit}`;
}
