/** The limits of the ad catalogue. */
export const CATALOGUE_LIMITS = {
  /** The longest wait of one look-up of an ad. */
  patienceMs: 2_000,
  /** Maximum number of ads that a list reads from Redis, in 0.3 s. Postgres ranks larger catalogues. */
  idsKept: 10_000,
} as const;
