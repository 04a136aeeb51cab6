import type { EventKind } from './kinds.js';

/** The context of an event request besides its body. Times in milliseconds. */
export interface Receipt {
  readonly kind: EventKind;
  /** The `Idempotency-Key` header. It is the id of an event whose body has none. */
  readonly idempotencyKey: string | undefined;
  /** The address of the caller, as `readAddress` returns it. Called if the body has no address. */
  readonly callerIp: () => string;
  readonly now: number;
  /** How far ahead of `now` a timestamp of a player is still trusted. */
  readonly maxClockSkew: number;
  /** The greatest age of an event by its timestamp; Infinity for any age. */
  readonly maxAge: number;
  /** The greatest age of the time in a UUIDv7; Infinity for any age. */
  readonly maxIdAge: number;
}
