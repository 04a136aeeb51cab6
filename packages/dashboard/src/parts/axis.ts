/** Steps of an axis of counts. */
export const COUNT_STEPS = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

/** The top of an axis: one to three round steps that hold the greatest value, so that the top has a label. */
export function topOf(most: number | null): number {
  if (most === null || most <= 0) return 5;
  const power = 10 ** Math.floor(Math.log10(most / 3));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => 3 * one >= most) ?? most;
  return Math.ceil(most / step) * step;
}
