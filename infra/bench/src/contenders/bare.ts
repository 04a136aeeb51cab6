import { createServer } from 'node:http';
import { address, recorded } from './contender.js';

// The upper limit of throughput: no framework, no validation, no storage.
createServer((request, response) => {
  if (request.url === '/ready') {
    response.end();
    return;
  }
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const body = JSON.stringify(recorded(JSON.parse(text)));
    response.writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
}).listen(address);
