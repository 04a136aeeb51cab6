import { parentPort, workerData } from 'node:worker_threads';
import { type LoadSettings, send } from './sender.js';

// A thread of its own: measuring must not wait for whoever looks at servers meanwhile.
parentPort?.postMessage(await send(workerData as LoadSettings));
