import { adTagsQuery } from '../ad-tags-query.js';
import { invalidFields } from '../errors.js';
import { adId, error, json, queryParameters } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

const example = {
  ad_id: 'ad-001',
  vast_url: 'https://ads.example.com/vast/ad-001?placement=home',
  impression_pixel:
    '<img src="https://ads.example.com/t/impression?ad_id=ad-001&amp;pl=home" width="1" height="1" alt="">',
  click_url: 'https://ads.example.com/c/ad-001?pl=home',
  click_link: '<a href="https://ads.example.com/c/ad-001?pl=home" rel="noopener">Spring sale</a>',
  ping_link:
    '<a href="https://shop.example.com/sale" ping="https://ads.example.com/t/click?ad_id=ad-001&amp;pl=home" rel="noopener">Spring sale</a>',
  player_script:
    '<script src="https://ads.example.com/player.js"></script>\n<script>AdsMetricTracker.track(document.querySelector(\'video\'), {"adId":"ad-001","endpoint":"https://ads.example.com","placement":"home"});</script>',
  curl: `curl -X POST 'https://ads.example.com/api/v1/ads/click' -H 'Content-Type: application/json' -d '{"ad_id":"ad-001","placement":"home"}'`,
  video_js: "import videojs from 'video.js';\n…",
};

export const adTagsOperation = {
  operationId: 'readAdTags',
  tags: ['ads'],
  summary: 'Get the tags of an ad',
  description:
    'Returns the tags of the ad, ready to paste into a player or an ad server (VAST), into a page (an image and links), and into a shell. Their URLs begin with `PUBLIC_URL`, and contain `placement` and `source`. With `TAG_SIGNING`, the URLs of pixels and click-through links have a signature `sg` of the ad and the placement, which does not expire. Texts in HTML are escaped.',
  parameters: [adId, ...queryParameters(adTagsQuery, { placement: 'home', source: 'newsletter' })],
  responses: {
    200: json('The tags.', 'AdTags', example),
    400: error(
      'A query parameter is invalid or unknown, such as a `placement` with a line break.',
      invalidFields([{ path: 'placement', message: 'placement must be 1 to 64 printable characters' }]),
    ),
    404: shared('UnknownAd'),
    503: shared('CatalogueUnavailable'),
    ...requestErrors,
  },
};
