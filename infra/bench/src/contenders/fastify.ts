import { fastify } from 'fastify';
import { address, openOwnStream, recorded, type StoredClick } from './contender.js';

const text = { type: 'string' } as const;

// Follows the recommendations of Fastify: schemas for requests and responses, no logger.
const publish = await openOwnStream('fastify');
const app = fastify();
app.get('/ready', async () => ({}));
app.post<{ Body: StoredClick }>(
  '/api/v1/ads/click',
  {
    schema: {
      body: {
        type: 'object',
        required: ['ad_id'],
        properties: {
          ad_id: { ...text, pattern: '^[!-z|~]{1,128}$' },
          click_id: { ...text, format: 'uuid' },
          ip: { ...text, anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
          video_play_time: { type: 'number', minimum: 0, maximum: 86_400 },
          timestamp: { ...text, format: 'date-time' },
        },
      },
      response: {
        202: {
          type: 'object',
          properties: { message: text, click_id: text, ad_id: text, timestamp: text, processing: text },
        },
      },
    },
  },
  async (request, reply) => {
    await publish(request.body);
    reply.code(202);
    return recorded(request.body);
  },
);
await app.listen(address);
