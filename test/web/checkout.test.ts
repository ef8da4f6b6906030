/** Paying in the box office, in a real browser, with the MOCK provider's cards. */
import type { Page } from 'playwright-core';
import { expectSoundBooks } from '../support/box-office';
import { describeInBrowser, onPageOfItsOwn } from '../support/browser';
import { openHall, type Hall } from '../support/hall';
import { startHouse, type House } from '../support/house';

describeInBrowser('paying in the box office', () => {
  let house: House;
  let hall: Hall;
  let slug: string;
  let page: Page;
  onPageOfItsOwn((own) => (page = own), {
    viewport: { width: 1280, height: 800 },
  });

  beforeAll(async () => {
    house = await startHouse({ workers: true });
  });
  afterAll(async () => {
    await expectSoundBooks(house);
    await house.close();
  });

  beforeEach(async () => {
    hall = await openHall(house, { plan: AREA });
    const { data } = await house.gql<{ event: { slug: string } }>(
      'query ($id: ID!) { event(id: $id) { slug } }',
      { id: hall.eventId },
    );
    slug = data.event.slug;
    await page.goto(`${house.url}/#/events/${slug}`);
    await page.getByRole('button', { name: 'One more in Standing' }).click();
    await page.getByRole('button', { name: 'Hold these places' }).click();
    await page.getByLabel('Name').fill('Ada Lovelace');
    await page.getByLabel('E-mail').fill('ada@example.org');
  });

  const payWith = async (card: string): Promise<void> => {
    await page.getByLabel(/^Card/).selectOption({ label: card });
    await page.getByRole('button', { name: /^Pay/ }).click();
  };

  it('ends in a ticket, which a reload still shows', async () => {
    await payWith('A good card');
    await page.locator('.booked[data-status=CONFIRMED]').waitFor();
    await page.locator('.tickets img').waitFor();
    expect(await page.getByText('Choose free places').count()).toBe(0);
    await page.reload();
    await page.locator('.booked[data-status=CONFIRMED]').waitFor();
    const pdf = await page.locator('.tickets a').getAttribute('href');
    const response = await fetch(new URL(pdf ?? '', house.url));
    expect(response.headers.get('content-type')).toBe('application/pdf');
  });

  it('says so when a card is declined, and takes another one', async () => {
    await payWith('A card that is declined');
    await page.locator('.message', { hasText: 'declined' }).waitFor();
    await page.locator('.countdown').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Ada Lovelace');
    expect(await page.getByLabel('E-mail').inputValue()).toBe('ada@example.org');
    await payWith('A good card');
    await page.locator('.booked[data-status=CONFIRMED]').waitFor();
  });

  it('waits for a bank that takes its time', async () => {
    await payWith('A bank that takes a moment');
    await page.locator('.booked[data-status=PENDING]').waitFor();
    await page.locator('.booked[data-status=CONFIRMED]').waitFor();
    await page.locator('.tickets img').waitFor();
  });
});

/** Places are asked for by number here, so that no pixel has to be aimed at. */
const AREA = {
  document: {
    usher: 1,
    name: 'Floor',
    categories: [{ key: 'floor', name: 'Floor' }],
    sections: [
      {
        key: 'standing',
        name: 'Standing',
        generalAdmission: true,
        capacity: 10,
        category: 'floor',
      },
    ],
  },
  terms: { prices: [{ categoryKey: 'floor', priceMinor: 2000 }] },
};
