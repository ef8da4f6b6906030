import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { EmailAddress } from '../../graphql/scalars';
import { publicId } from '../../infra/ids';

@Entity('users')
@ObjectType('User', { implements: Node, description: 'Somebody with an account.' })
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return publicId('User', this.id);
  }

  /** Trimmed and in lower case: one person, one spelling (see normalizeEmail). */
  @Column('text')
  @Field(() => EmailAddress, {
    description: 'What they log in with: in small letters, and no other account’s.',
  })
  email!: string;

  /** Left out of every SELECT that does not name it: only a login has use for it. */
  @Column('text', { select: false })
  passwordHash?: string;

  @Column('text')
  @Field(() => String, { description: 'As registered, 1 to 100 characters.' })
  firstName!: string;

  @Column('text')
  @Field(() => String, { description: 'As registered, 1 to 100 characters.' })
  lastName!: string;

  /** May do everything in every organization. */
  @Column('boolean')
  platformAdmin!: boolean;

  @Column('timestamptz')
  createdAt!: Date;
}
