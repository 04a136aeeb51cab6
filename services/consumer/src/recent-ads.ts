/** Some ads that were recorded lately, the busiest with the greatest chance. */
export interface RecentAds {
  /** One of these ads, by chance, is remembered. */
  note(events: readonly { readonly adId: string }[]): void;
  list(): readonly string[];
}

/** @param most how many are remembered: the oldest is forgotten for a new one */
export function createRecentAds(most: number, random: () => number): RecentAds {
  const ads = new Set<string>();
  return {
    note(events) {
      const event = events[Math.floor(random() * events.length)];
      if (event === undefined) return;
      ads.delete(event.adId);
      ads.add(event.adId);
      const [oldest] = ads;
      if (ads.size > most && oldest !== undefined) ads.delete(oldest);
    },
    list: () => [...ads],
  };
}
