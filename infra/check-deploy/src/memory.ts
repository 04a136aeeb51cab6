const UNITS: Readonly<Record<string, number>> = { '': 1 / 1_048_576, k: 1 / 1_024, m: 1, g: 1_024 };

/** Megabytes, of `256m`, `256M`, `256Mi`, `1Gi`; NaN for what is no size. */
export function megabytes(size: string): number {
  const [, number, unit = ''] = /^([\d.]+)([kmg]?)i?b?$/i.exec(size) ?? [];
  return number === undefined ? Number.NaN : Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
}

/** Node keeps garbage up to the size of its heap: at most half of the memory was measured to be enough for the rest. */
export function heapProblem(nodeOptions: string, limit: string): string | undefined {
  const [, heap] = /--max-old-space-size=(\d+)/.exec(nodeOptions) ?? [];
  if (heap === undefined || limit === '' || Number(heap) * 2 <= megabytes(limit)) return undefined;
  return `a heap of ${heap} MB is more than half of its memory, ${limit}`;
}
