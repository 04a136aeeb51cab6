/** The limits of a list of addresses. */
export interface ListLimits {
  readonly maxBytes: number;
  /** Lines with an address or a range. */
  readonly maxRanges: number;
}
