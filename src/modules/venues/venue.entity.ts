import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { publicId } from '../../infra/ids';

@Entity('venues')
@ObjectType('Venue', {
  implements: Node,
  description: 'A house where events take place.',
})
export class Venue {
  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return publicId('Venue', this.id);
  }

  @Column('uuid')
  organizationId!: string;

  @Column('text')
  @Field(() => String, { description: 'What buyers know it by, 1 to 200 characters.' })
  name!: string;

  @Column('text', { nullable: true })
  @Field(() => String, {
    nullable: true,
    description: 'As its organization wrote it; lists of events filter by it. Null: not told.',
  })
  city!: string | null;

  @Column('text', { nullable: true })
  @Field(() => String, {
    nullable: true,
    description: 'As its organization wrote it, a name or a code. Null: not told.',
  })
  country!: string | null;

  @Column('text')
  @Field(() => String, {
    description: 'An IANA time zone, such as Europe/Berlin: the clock on the wall there.',
  })
  timezone!: string;

  @Column('timestamptz')
  createdAt!: Date;
}
