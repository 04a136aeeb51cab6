import dns from 'node:dns';
import { existsSync, readFile } from 'node:fs';
import { join } from 'node:path';

// Loaded into a service before its own code, with `--import`: names that end in `.test` lead to this machine. While there
// is a pipe of that name in HANGING_NAMES_FOLDER, a look-up does what getaddrinfo does when DNS is silent: it holds a thread
// of libuv. Reading a pipe that nobody writes to does that, too.

const folder = process.env.HANGING_NAMES_FOLDER ?? '.';
const { lookup } = dns;
type Callback = (error: Error | null) => void;

Object.assign(dns, {
  lookup(hostname: string, ...rest: [...unknown[], Callback]) {
    const callback = rest.at(-1) as Callback;
    const look = lookup as unknown as (hostname: string, ...rest: unknown[]) => void;
    if (!hostname.endsWith('.test')) return look(hostname, ...rest);
    const pipe = join(folder, hostname);
    if (!existsSync(pipe)) return look('localhost', ...rest);
    readFile(pipe, () => {
      callback(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${hostname}`), { code: 'EAI_AGAIN', hostname }));
    });
  },
});
