-- Three sample ads. It can be repeated: existing ads are kept unchanged.
INSERT INTO ads (id, image_url, target_url) VALUES
  ('ad-001', 'https://example.com/images/ad-001.jpg', 'https://example.com/offers/ad-001'),
  ('ad-002', 'https://example.com/images/ad-002.jpg', 'https://example.com/offers/ad-002'),
  ('ad-003', 'https://example.com/images/ad-003.jpg', 'https://example.com/offers/ad-003')
ON CONFLICT (id) DO NOTHING;
