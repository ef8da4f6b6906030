import type { App } from '../../app.types';
import { badInput, DomainError } from '../../errors';
import { newId } from '../../infra/ids';
import { Venue } from './venue.entity';
import { isTimezone, VENUES_MAX } from './venue.rules';

export interface NewVenue {
  organizationId: string;
  name: string;
  city?: string | null | undefined;
  country?: string | null | undefined;
  timezone: string;
}

/** Throws BAD_USER_INPUT for a time zone that is none, CONFLICT once there are VENUES_MAX. */
export async function createVenue(app: App, named: NewVenue): Promise<Venue> {
  if (!isTimezone(named.timezone)) {
    throw badInput([
      { path: 'input.timezone', message: 'must be an IANA time zone, such as Europe/Vienna' },
    ]);
  }
  return app.db.transaction(async (tx) => {
    const { organizationId } = named;
    if ((await tx.countBy(Venue, { organizationId })) >= VENUES_MAX) {
      throw new DomainError('CONFLICT', `An organization has at most ${VENUES_MAX} venues.`);
    }
    const venue = tx.create(Venue, {
      id: newId(),
      organizationId,
      name: named.name.trim(),
      city: blankToNull(named.city),
      country: blankToNull(named.country),
      timezone: named.timezone,
      createdAt: app.clock.now(),
    });
    await tx.insert(Venue, venue);
    return venue;
  });
}

function blankToNull(text: string | null | undefined): string | null {
  return text?.trim() || null;
}
