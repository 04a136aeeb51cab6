/** An ad of the demo, with the habits of its viewers. */
export interface DemoAd {
  readonly id: string;
  readonly title: string;
  readonly campaign: string;
  readonly durationSeconds: number;
  /** Viewers per hour at noon. */
  readonly viewersPerHour: number;
  /** The share of viewers that clicks. */
  readonly clickRate: number;
}

/** Named so that nobody takes it for a customer. */
export const DEMO_ADVERTISER = 'Demo Coffee (made up)';

export const DEMO_ADS: readonly DemoAd[] = [
  {
    id: 'demo-espresso',
    title: 'Demo: Espresso',
    campaign: 'Demo: Winter',
    durationSeconds: 20,
    viewersPerHour: 30,
    clickRate: 0.06,
  },
  {
    id: 'demo-filter',
    title: 'Demo: Filter coffee',
    campaign: 'Demo: Winter',
    durationSeconds: 30,
    viewersPerHour: 18,
    clickRate: 0.03,
  },
  {
    id: 'demo-mug',
    title: 'Demo: The mug',
    campaign: 'Demo: Shop',
    durationSeconds: 15,
    viewersPerHour: 10,
    clickRate: 0.09,
  },
];
