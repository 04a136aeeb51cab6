/** A random sample of recently recorded ads. Ads with many events are more likely to be in it. */
export interface RecentAds {
  /** Remembers the ad of one random event of the batch. */
  note(events: readonly { readonly adId: string }[]): void;
  list(): readonly string[];
}

/** @param most maximum number of ads: a new ad replaces the oldest */
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
