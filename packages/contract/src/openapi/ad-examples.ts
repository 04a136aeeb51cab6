import type { Ad, AdFields } from '@ads/models';

/* The examples of an ad in the document. */

/** The fields that clients set. */
export const fields: AdFields = {
  title: 'Spring sale, 20 s',
  advertiser: 'Example Shop',
  campaign: 'spring',
  image_url: 'https://cdn.example.com/ads/001.png',
  target_url: 'https://shop.example.com/sale?click={click_id}',
  click_mode: 'redirect',
  duration_seconds: 20,
  skip_offset: '00:00:05',
  media: [
    {
      url: 'https://cdn.example.com/ads/001-720p.mp4',
      type: 'video/mp4',
      width: 1_280,
      height: 720,
      bitrate: 2_500,
      delivery: 'progressive',
    },
  ],
  vast_url: null,
  companion: {
    image_url: 'https://cdn.example.com/ads/001-300x250.png',
    width: 300,
    height: 250,
    target_url: 'https://shop.example.com/sale',
    alt_text: 'Spring sale',
  },
  status: 'active',
  starts_at: '2026-03-01T00:00:00.000Z',
  ends_at: '2026-06-01T00:00:00.000Z',
};

export const ad: Ad = {
  id: 'ad-001',
  ...fields,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000123Z',
};

/** The body of a change. */
export const change = { target_url: 'https://shop.example.com/last-days', ends_at: null };

/** The history after {@link change}. */
export const history = {
  ad_id: 'ad-001',
  changes: [
    {
      changed_at: '2026-01-02T03:04:05.678Z',
      changed_by: 'admin',
      action: 'changed',
      old: { target_url: fields.target_url, ends_at: fields.ends_at },
      new: change,
    },
    { changed_at: ad.created_at, changed_by: 'admin', action: 'created', old: null, new: ad },
  ],
  next_cursor: null,
};
