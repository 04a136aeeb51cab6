import { createServer } from 'node:http';
import { address } from './contender.js';

/** The answer of the tracker to the tag: see `parts/tags.ts`. */
interface TagAnswer {
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  /** In base64. */
  readonly body: string;
}

// The upper limit of throughput: the same bytes, without reading the request.
const { status, headers, body: encoded } = JSON.parse(process.env.ANSWER ?? '') as TagAnswer;
const body = Buffer.from(encoded, 'base64');
createServer((request, response) => {
  if (request.url === '/ready') response.end();
  else response.writeHead(status, [...headers]).end(body);
}).listen(address);
