/** What the demo puts on sale. Prices are in cents. */
import type { UsherDocument } from '../modules/venues/importers/usher-schema';
import { arenaPlan } from './demo-plans/arena';
import {
  conferencePlan,
  festivalPlan,
  galleryPlan,
  limitedPlan,
  summitPlan,
} from './demo-plans/halls';
import { theatrePlan } from './demo-plans/theatre';

export interface DemoEvent {
  slug: string;
  title: string;
  description: string;
  venue: keyof typeof demoVenues;
  plan: () => UsherDocument;
  inDays: number;
  ticketTypes: { key: string; name: string }[];
  prices: { categoryKey: string; ticketTypeKey: string | null; priceMinor: number }[];
}

export const demoVenues = {
  grand: { name: 'Grand Theatre', city: 'Vienna', country: 'AT', timezone: 'Europe/Vienna' },
  arena: { name: 'Harbour Arena', city: 'Hamburg', country: 'DE', timezone: 'Europe/Berlin' },
  halls: { name: 'Riverside Halls', city: 'Lisbon', country: 'PT', timezone: 'Europe/Lisbon' },
};

const standard = [{ key: 'standard', name: 'Standard' }];

/** The same price list for each plan category, in cents. */
function pricesOf(byCategory: Record<string, number>, ticketTypeKey: string | null = null) {
  return Object.entries(byCategory).map(([categoryKey, priceMinor]) => ({
    categoryKey,
    ticketTypeKey,
    priceMinor,
  }));
}

export const demoEvents: readonly DemoEvent[] = [
  {
    slug: 'limited-concert',
    title: 'Limited Concert',
    description: 'Two seats in front of one piano. The smallest sold-out evening there is.',
    venue: 'halls',
    plan: limitedPlan,
    inDays: 14,
    ticketTypes: standard,
    prices: pricesOf({ standard: 9900 }),
  },
  {
    slug: 'tech-conference',
    title: 'Tech Conference',
    description: 'A day of talks about systems that hold under load.',
    venue: 'halls',
    plan: conferencePlan,
    inDays: 30,
    ticketTypes: standard,
    prices: pricesOf({ standard: 29900 }),
  },
  {
    slug: 'business-summit',
    title: 'Business Summit',
    description: 'Fifty people, one long table of questions.',
    venue: 'halls',
    plan: summitPlan,
    inDays: 45,
    ticketTypes: standard,
    prices: pricesOf({ delegate: 49900 }),
  },
  {
    slug: 'art-exhibition',
    title: 'Art Exhibition',
    description: 'A guided evening between the pictures, in a small circle.',
    venue: 'halls',
    plan: galleryPlan,
    inDays: 21,
    ticketTypes: standard,
    prices: pricesOf({ standard: 2500 }),
  },
  {
    slug: 'food-festival',
    title: 'Food Festival',
    description: 'Stalls, fires and long benches by the river. General admission.',
    venue: 'halls',
    plan: festivalPlan,
    inDays: 60,
    ticketTypes: standard,
    prices: pricesOf({ general: 1500 }),
  },
  {
    slug: 'grand-theatre',
    title: 'An Evening at the Grand Theatre',
    description: 'Stalls, circle and boxes, and wheelchair places with a good view.',
    venue: 'grand',
    plan: theatrePlan,
    inDays: 35,
    ticketTypes: [
      { key: 'adult', name: 'Adult' },
      { key: 'student', name: 'Student' },
    ],
    prices: [
      ...pricesOf({ premium: 12900, a: 9500, b: 6900, c: 3900 }, 'adult'),
      ...pricesOf({ premium: 10900, a: 7500, b: 4900, c: 1900 }, 'student'),
    ],
  },
  {
    slug: 'arena',
    title: 'Arena Live',
    description: 'Sixteen thousand people and a stage at the end of the floor.',
    venue: 'arena',
    plan: arenaPlan,
    inDays: 90,
    ticketTypes: standard,
    prices: pricesOf({
      'standing-front': 11900,
      standing: 7900,
      'lower-front': 12900,
      lower: 9900,
      upper: 6900,
      'upper-far': 4900,
    }),
  },
];
