import express from 'express';
import { address } from './contender.js';

// The upper limit of Express: sends prepared bytes, without reading a store or serialising.
const { ONE_AD: oneAd, ALL_ADS: allAds } = process.env;
const app = express();
app.disable('etag');
app.disable('x-powered-by');
app.get('/ready', (_request, response) => {
  response.json({});
});
app.get('/api/v1/ads/analytics', (request, response) => {
  response.type('json').send(request.query.ad_id === undefined ? allAds : oneAd);
});
app.listen(address.port, address.host);
