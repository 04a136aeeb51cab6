/** Where a server listens. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}
