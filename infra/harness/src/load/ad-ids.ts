/** `count` ids of ads, in order. */
export function adIdsOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `ad-${String(index + 1).padStart(5, '0')}`);
}
