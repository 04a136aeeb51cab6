const NATS = 'http://deb.debian.org/debian/pool/main/n/nats-server/nats-server_2.10.27-1+b2';

/**
 * Packages from a newer Debian than that of the machine, by program and by the architecture name of Node. They only need a C
 * library of 2022 or later.
 *
 * NATS: the releases of 2022 and 2023 have 2.9, whose streams and durable consumers may be damaged when a server is killed.
 * Debian 13 has 2.10.
 */
export const PINNED_PACKAGES: Readonly<
  Record<string, Partial<Record<NodeJS.Architecture, { url: string; sha256: string }>>>
> = {
  'nats-server': {
    x64: {
      url: `${NATS}_amd64.deb`,
      sha256: '6d913ac987b78734c08537c2adeb1526cf735f216173a9170d94b185fcfe6f8a',
    },
    arm64: {
      url: `${NATS}_arm64.deb`,
      sha256: '0c9a617510b28c1b4fb4a38aabea6ab8cd7f026247f2abdff8b955b2278ce049',
    },
  },
};
