import type { Socket } from 'node:net';
import { type Health, listen, managementEndpoints, type ProcessContext } from '@ads/runtime';
import type { ConsumerConfig } from './config.js';

/** Serves the management endpoints; every other path is answered with 404. */
export async function serveManagement(
  { config, logger, metrics, shutdown }: ProcessContext<ConsumerConfig>,
  health: Health,
): Promise<void> {
  const answer = managementEndpoints({ health, metrics });
  const handler: Parameters<typeof listen>[0]['handler'] = (request, response) => {
    if (!answer(request, response)) response.writeHead(404).end();
  };
  const ownerOf = ({ remoteAddress }: Socket) => remoteAddress;
  const port = await listen({ handler, config, logger, metrics, health, ownerOf }, shutdown);
  logger.info('listening', { event: 'http.listening', host: config.HTTP_HOST, port });
}
