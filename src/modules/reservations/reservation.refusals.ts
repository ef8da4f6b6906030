/** What a buyer who asks for seats can be refused with. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Refusal } from '../../graphql/refusal';
import { DateTime } from '../../graphql/scalars';
import { Seat } from '../seats/seat.entity';

@ObjectType({
  implements: Refusal,
  description: 'Somebody else has some of these seats. All or nothing: none was taken for you.',
})
export class SeatsUnavailable extends Refusal {
  @Field(() => [Seat], {
    description:
      'Those of the wanted seats that are gone; empty where none was named, as of areas and best available.',
  })
  seats!: Seat[];

  @Field(() => [[Seat]], {
    description:
      'Nearest free seats of the same size of party and category, best first; may be empty.',
  })
  alternatives!: Seat[][];
}

@ObjectType({
  implements: Refusal,
  description:
    'More places than one reservation of this event may have, or all open ones of one buyer together.',
})
export class ReservationLimitExceeded extends Refusal {
  @Field(() => Int, { description: 'Places that may be held at a time.' })
  limit!: number;
}

@ObjectType({
  implements: Refusal,
  description: 'The event is not on sale: not published, cancelled, too early or too late.',
})
export class SalesClosed extends Refusal {
  @Field(() => DateTime, {
    description:
      'When sales begin or began; null where that is with the publication, or it is not on sale at all.',
    nullable: true,
  })
  opensAt!: Date | null;

  @Field(() => DateTime, {
    description:
      'When sales end, at the event’s start at the latest; null where it is not on sale at all.',
    nullable: true,
  })
  closesAt!: Date | null;
}

@ObjectType({ implements: Refusal, description: 'The time was up: the seats are anybody’s again.' })
export class ReservationExpired extends Refusal {
  @Field(() => DateTime, { description: 'The deadline that has passed.' })
  expiredAt!: Date;
}

@ObjectType({
  implements: Refusal,
  description: 'The selection would leave single empty seats: these.',
})
export class OrphanSeats extends Refusal {
  @Field(() => [Seat], { description: 'The single seats that would be left.' })
  seats!: Seat[];
}

@ObjectType({
  implements: Refusal,
  description: 'The event has a waiting room and this buyer has not been admitted.',
})
export class AdmissionRequired extends Refusal {}

@ObjectType({
  implements: Refusal,
  description:
    'These seats, or this event, the buyer has booked; or somebody has booked this event with the same e-mail address, where it allows one booking a customer.',
})
export class AlreadyBooked extends Refusal {
  @Field(() => ID, {
    description:
      'The booking that stands in the way, where it is the caller’s or the caller is staff who see it. Of a booking made with the same e-mail address by somebody else – also by the same person as another guest – nothing is told: then this is an id that leads nowhere, and a new one each time.',
  })
  bookingId!: string;
}
