import { eventRequests } from '@ads/models';
import express from 'express';
import { address, openOwnStream, recorded, type StoredClick } from './contender.js';

// The common design: express.json, the joi schema of the tracker, one publish per click.
const publish = await openOwnStream('express');
const app = express();
app.get('/ready', (_request, response) => {
  response.json({});
});
app.post('/api/v1/ads/click', express.json(), async (request, response) => {
  const { value, error } = eventRequests.click.validate(request.body, { abortEarly: false, convert: false });
  if (error !== undefined) {
    response.status(400).json({ error: error.message });
    return;
  }
  const click = value as StoredClick;
  await publish(click);
  response.status(202).json(recorded(click));
});
app.listen(address.port, address.host);
