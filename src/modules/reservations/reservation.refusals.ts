import { Field, ObjectType } from 'type-graphql';
import { Refusal } from '../../graphql/refusal';
import { DateTime } from '../../graphql/scalars';

@ObjectType({ implements: Refusal, description: 'The time was up: the seats are anybody’s again.' })
export class ReservationExpired extends Refusal {
  @Field(() => DateTime)
  expiredAt!: Date;
}
