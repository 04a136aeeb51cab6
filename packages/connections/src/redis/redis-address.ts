/** The address of a Redis server. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}
