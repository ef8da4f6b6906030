import { randomBytes } from 'node:crypto';
import { requireId } from '../../../src/infra/ids';
import type { GivenUser } from '../../support/given';
import type { Answer, House } from '../../support/house';

export interface EventData {
  id: string;
  slug: string;
  title: string;
  status: string;
  version: number;
  onSale: boolean;
  timezone: string;
  currency: string;
  priceFrom: { amountMinor: number; currency: string } | null;
  ticketTypes: { key: string; name: string }[];
  categories: {
    key: string;
    prices: { ticketType: { key: string }; price: { amountMinor: number; currency: string } }[];
  }[];
}

const EVENT = `id slug title status version onSale timezone currency
  priceFrom { amountMinor currency } ticketTypes { key name }
  categories { key prices { ticketType { key } price { amountMinor currency } } }`;

export interface Stage {
  owner: GivenUser;
  organizationId: string;
  organizationUuid: string;
  planId: string;
}

const PLAN = JSON.stringify({
  usher: 1,
  name: 'One row',
  categories: [
    { key: 'stalls', name: 'Stalls' },
    { key: 'gods', name: 'Gods' },
  ],
  sections: [
    {
      key: 'house',
      name: 'House',
      rows: [
        {
          name: 'A',
          seats: [0, 1, 2].map((no) => ({
            number: String(no + 1),
            x: 100 + 25 * no,
            y: 100,
            category: no === 2 ? 'gods' : 'stalls',
          })),
        },
      ],
    },
  ],
});

/** Organizations with a plan of three seats, and events on it, in the house that stands by then. */
export function catalogueOf(house: () => House) {
  const gql = <T>(query: string, variables: Record<string, unknown>, token: string | undefined) =>
    house().gql<T>(query, variables, {
      ...(token !== undefined && { token }),
      expectErrors: true,
    });

  const inputOf = (stage: Stage, changes: object = {}): Record<string, unknown> => ({
    organizationId: stage.organizationId,
    seatingPlanId: stage.planId,
    title: 'An evening',
    startsAt: catalogue.inDays(30),
    currency: 'EUR',
    prices: [{ categoryKey: 'stalls', priceMinor: 4250 }],
    ...changes,
  });

  const catalogue = {
    inDays: (days: number): string =>
      new Date(house().app.clock.now().getTime() + days * 86_400_000).toISOString(),

    stage: async (venue: object = {}): Promise<Stage> => {
      const owner = await house().given.user();
      const organization = await house().given.organization({ owner });
      const as = { token: owner.token };
      const made = await house().gql<{ createVenue: { id: string } }>(
        'mutation ($input: CreateVenueInput!) { createVenue(input: $input) { id } }',
        {
          input: {
            organizationId: organization.publicId,
            name: `Hall ${randomBytes(4).toString('hex')}`,
            timezone: 'Europe/Berlin',
            ...venue,
          },
        },
        as,
      );
      const plan = await house().gql<{ importSeatingPlan: { seatingPlan: { id: string } } }>(
        'mutation ($input: ImportSeatingPlanInput!) { importSeatingPlan(input: $input) { seatingPlan { id } } }',
        { input: { venueId: made.data.createVenue.id, format: 'USHER', document: PLAN } },
        as,
      );
      return {
        owner,
        organizationId: organization.publicId,
        organizationUuid: organization.id,
        planId: plan.data.importSeatingPlan.seatingPlan.id,
      };
    },

    tryCreate: (
      stage: Stage,
      changes: object = {},
      token: string | undefined = stage.owner.token,
    ): Promise<Answer<{ createEvent: EventData }>> =>
      gql(
        `mutation ($input: CreateEventInput!) { createEvent(input: $input) { ${EVENT} } }`,
        { input: inputOf(stage, changes) },
        token,
      ),

    create: async (stage: Stage, changes: object = {}): Promise<EventData> => {
      const { data, errors } = await catalogue.tryCreate(stage, changes);
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data.createEvent;
    },

    update: (
      token: string | undefined,
      input: Record<string, unknown>,
    ): Promise<Answer<{ updateEvent: EventData }>> =>
      gql(
        `mutation ($input: UpdateEventInput!) { updateEvent(input: $input) { ${EVENT} } }`,
        { input },
        token,
      ),

    publish: (
      token: string | undefined,
      id: string,
    ): Promise<Answer<{ publishEvent: EventData }>> =>
      gql(`mutation ($id: ID!) { publishEvent(id: $id) { ${EVENT} } }`, { id }, token),

    find: async (
      variables: Record<string, unknown>,
      token?: string,
    ): Promise<Answer<{ event: EventData | null }>> =>
      gql(
        `query ($id: ID, $slug: String) { event(id: $id, slug: $slug) { ${EVENT} } }`,
        variables,
        token,
      ),

    uuidOf: (event: { id: string }): string => requireId('Event', event.id),
  };
  return catalogue;
}

export const codeOf = (answer: Answer<unknown>): string | undefined =>
  answer.errors?.[0]?.extensions.code;

export function pathsOf(answer: Answer<unknown>): string[] {
  const fields = answer.errors?.[0]?.extensions['fields'] as { path: string }[] | undefined;
  return (fields ?? []).map((field) => field.path).sort();
}
