/**
 * The demo data: an organization, people, three venues and seven events on sale. Each step looks first
 * whether it has been done, so that a run that was cut short is completed by the next.
 */
import type { App } from '../app.types';
import { createUser } from '../modules/auth/account.service';
import { User } from '../modules/auth/user.entity';
import { Event } from '../modules/events/event.entity';
import { createEvent, publishEvent } from '../modules/events/event.service';
import {
  Membership,
  Organization,
  OrganizationRole,
} from '../modules/organizations/organization.entity';
import { addMember, createOrganization } from '../modules/organizations/organization.service';
import {
  DuplicateSeatPolicy,
  SeatingPlan,
  SeatingPlanFormat,
} from '../modules/venues/seating-plan.entity';
import { importSeatingPlan } from '../modules/venues/seating-plan.service';
import { Venue } from '../modules/venues/venue.entity';
import { createVenue } from '../modules/venues/venue.service';
import { demoEvents, demoVenues, type DemoEvent } from './demo-events';

const PASSWORD = 'Password123';
const DAY_MS = 24 * 60 * 60 * 1000;
/** Any number nobody else uses: held while seeding, so that two processes do not seed at once. */
const SEED_LOCK = `hashtextextended('usher demo', 0)`;

const people = [
  { email: 'admin@usher.test', firstName: 'Avery', lastName: 'Admin', platformAdmin: true },
  { email: 'owner@usher.test', firstName: 'Olive', lastName: 'Owner' },
  { email: 'scanner@usher.test', firstName: 'Sam', lastName: 'Scanner' },
  { email: 'buyer@usher.test', firstName: 'Billie', lastName: 'Buyer' },
  { email: 'buyer2@usher.test', firstName: 'Bo', lastName: 'Second' },
  { email: 'buyer3@usher.test', firstName: 'Bea', lastName: 'Third' },
];

/** Does nothing, and says nothing, where all of it is there. */
export async function seedDemo(app: App, say: (line: string) => void): Promise<void> {
  const runner = app.db.orm.createQueryRunner();
  try {
    await runner.query(`SELECT pg_advisory_lock(${SEED_LOCK})`);
    const found = await app.db.orm
      .getRepository(Event)
      .find({ select: { slug: true, id: true, status: true } });
    const missing = demoEvents.filter(
      ({ slug }) =>
        !found.some((event) => event.slug === slug && (event.status as string) !== 'DRAFT'),
    );
    if (missing.length === 0) return;
    say('Seeding the demo …');
    const users = new Map(
      await Promise.all(
        people.map(async (person) => [person.email, await ensureUser(app, person)] as const),
      ),
    );
    const owner = users.get('owner@usher.test')!;
    const organization = await ensureOrganization(app, owner);
    const scanner = {
      organizationId: organization.id,
      userId: users.get('scanner@usher.test')!.id,
    };
    if (!(await app.db.orm.getRepository(Membership).existsBy(scanner))) {
      await addMember(
        app,
        { id: owner.id, platformAdmin: false },
        organization.id,
        'scanner@usher.test',
        OrganizationRole.SCANNER,
      );
    }
    for (const event of missing) {
      const places = await ensureEvent(app, organization, event);
      say(`  ${event.slug}: ${places} places`);
    }
  } finally {
    await runner.query(`SELECT pg_advisory_unlock(${SEED_LOCK})`);
    await runner.release();
  }
}

async function ensureUser(app: App, person: (typeof people)[number]): Promise<User> {
  const found = await app.db.orm.getRepository(User).findOneBy({ email: person.email });
  return found ?? createUser(app, { ...person, password: PASSWORD });
}

async function ensureOrganization(app: App, owner: User): Promise<Organization> {
  const found = await app.db.orm.getRepository(Organization).findOneBy({ slug: 'demo' });
  return found ?? createOrganization(app, owner, { name: 'Demo Stages', slug: 'demo' });
}

async function ensureEvent(
  app: App,
  organization: Organization,
  wanted: DemoEvent,
): Promise<number> {
  const plan = await ensurePlan(app, organization, wanted);
  const drafted = await app.db.orm.getRepository(Event).findOneBy({ slug: wanted.slug });
  const startsAt = eveningIn(app.clock.now(), wanted.inDays);
  const event =
    drafted ??
    (await createEvent(app, {
      organizationId: organization.id,
      seatingPlanId: plan.id,
      slug: wanted.slug,
      title: wanted.title,
      description: wanted.description,
      startsAt,
      doorsAt: new Date(startsAt.getTime() - 60 * 60 * 1000),
      endsAt: new Date(startsAt.getTime() + 3 * 60 * 60 * 1000),
      salesStartAt: null,
      salesEndAt: null,
      currency: 'EUR',
      ticketTypes: wanted.ticketTypes,
      prices: wanted.prices,
      holdSeconds: 600,
      seatsPerReservationMax: 10,
      oneBookingPerCustomer: false,
      forbidOrphanSeats: false,
    }));
  await publishEvent(app, event.id);
  return plan.capacity;
}

async function ensurePlan(
  app: App,
  organization: Organization,
  wanted: DemoEvent,
): Promise<SeatingPlan> {
  const named = demoVenues[wanted.venue];
  const organizationId = organization.id;
  const venue =
    (await app.db.orm.getRepository(Venue).findOneBy({ organizationId, name: named.name })) ??
    (await createVenue(app, { organizationId, ...named }));
  const document = wanted.plan();
  const found = await app.db.orm
    .getRepository(SeatingPlan)
    .findOneBy({ venueId: venue.id, name: document.name });
  if (found !== null) return found;
  const { seatingPlan } = await importSeatingPlan(app, {
    venueId: venue.id,
    format: SeatingPlanFormat.USHER,
    document: JSON.stringify(document),
    duplicateSeats: DuplicateSeatPolicy.REJECT,
  });
  return seatingPlan;
}

/** Seven in the evening (UTC), that many days from now. */
function eveningIn(now: Date, days: number): Date {
  const evening = new Date(now.getTime() + days * DAY_MS);
  evening.setUTCHours(19, 0, 0, 0);
  return evening;
}
