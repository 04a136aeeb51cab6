/** Requests that must always get the same response. */
const QUESTIONS: readonly (readonly [path: string, body?: string])[] = [
  ['/info'],
  ['/api/v1/ads'],
  ['/swagger/doc.json'],
  ['/swagger/index.html'],
  ['/nothing/here'],
  ['/ads/click', '{}'],
  ['/ads/impression', '{"ad_id":7}'],
  ['/ads/analytics?ad_id=ad-002'],
  ['/ads/analytics?timeframe=2m'],
  ['/ads/analytics?ad_id=nobody'],
];

/** Reads the responses to all of them, with and without the gateway, and removes fields that change over time. */
export async function readFixedAnswers(urls: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const url of urls) {
    for (const [path, body] of QUESTIONS) {
      const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body ?? '' };
      const response = await fetch(`${url}${path}`, body === undefined ? {} : post);
      const text = (await response.text()).replace(/"(request_id|timestamp|source)":"[^"]*"/g, '');
      answers.push(`${path} ${response.status} ${response.headers.get('content-type')} ${text}`);
    }
  }
  return answers;
}
