import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A sequence of random values that is the same for the same seed. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
  /** A number from `minimum` (included) to `maximum` (excluded). */
  between(minimum: number, maximum: number): number;
  /** A whole number, both ends included. */
  integer(minimum: number, maximum: number): number;
  chance(probability: number): boolean;
  /** @throws Error for an empty list */
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * A source of random values.
 *
 * @param seed the parts of the seed, such as the seed of a run, the name of a fault and the number of the round
 */
export function seededRandom(...seed: readonly (string | number)[]): Random {
  const generator = xoroshiro128plus(createHash('sha256').update(seed.join(' ')).digest().readInt32LE());
  const next = () => uniformFloat64(generator);
  const integer = (minimum: number, maximum: number) => uniformInt(generator, minimum, maximum);
  return {
    next,
    integer,
    between: (minimum, maximum) => minimum + next() * (maximum - minimum),
    chance: (probability) => next() < probability,
    pick(items) {
      if (items.length === 0) throw new Error('The list to pick from is empty.');
      return items[integer(0, items.length - 1)] as (typeof items)[number];
    },
    shuffle(items) {
      const rest = [...items];
      return items.map(() => rest.splice(integer(0, rest.length - 1), 1)[0] as (typeof items)[number]);
    },
  };
}
