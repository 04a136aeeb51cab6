const hex = (value: number, length: number) => value.toString(16).padStart(length, '0');

/** Returns an id. @param time milliseconds since the epoch, which replaces earlier times @param rest from the second hyphen */
function idOf(time: number, rest: string): string {
  return hex(Math.max(0, time), 12).replace(/.{8}/, '$&-') + rest;
}

/** Returns an id with another time. @param time milliseconds since the epoch */
export function withTime(id: string, time: number): string {
  return idOf(time, id.slice(13));
}

/** Returns a new UUIDv7 (RFC 9562): the time, the version, 12 random bits, the variant with two fixed bits, 60 random bits. */
export function uuidv7(time: number): string {
  let digits = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(9))) digits += hex(byte, 2);
  return idOf(time, digits.replace(/(.{3})(.{3})/, '-7$1-8$2-'));
}
