const UNITS: Readonly<Record<string, number>> = { '': 1 / 1_048_576, k: 1 / 1_024, m: 1, g: 1_024 };

/** Megabytes in a size such as `256m`, `256M`, `256Mi` or `1Gi`; NaN for any other text. */
export function megabytes(size: string): number {
  const [, number, unit = ''] = /^([\d.]+)([kmg]?)i?b?$/i.exec(size) ?? [];
  return number === undefined ? Number.NaN : Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
}

/** Node lets garbage fill its heap. Measurements showed that half of the memory is enough for everything else. */
export function heapProblem(nodeOptions: string, limit: string): string | undefined {
  const [, heap] = /--max-old-space-size=(\d+)/.exec(nodeOptions) ?? [];
  if (heap === undefined || limit === '' || Number(heap) * 2 <= megabytes(limit)) return undefined;
  return `a heap of ${heap} MB is more than half of its memory, ${limit}`;
}
