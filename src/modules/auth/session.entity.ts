import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars';
import { User } from './user.entity';

/** An identity without an account. Registering gives its id to the new user. */
@Entity('guests')
export class Guest {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('timestamptz')
  createdAt!: Date;
}

export type FamilyEnd = 'LOGOUT' | 'TOKEN_REUSED' | 'REGISTERED';

/** One login on one device: the refresh tokens that follow each other from it. */
@Entity('session_families')
export class SessionFamily {
  @PrimaryColumn('uuid')
  id!: string;

  /** Exactly one of the two owners is set. */
  @Column('uuid', { nullable: true })
  userId!: string | null;

  @Column('uuid', { nullable: true })
  guestId!: string | null;

  @Column('timestamptz')
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;

  @Column('text', { nullable: true })
  endReason!: FamilyEnd | null;
}

/** A spent token is kept until it has long expired: its coming back is how a theft shows. */
@Entity('refresh_tokens')
export class RefreshToken {
  @PrimaryColumn('bytea')
  tokenHash!: Buffer;

  @Column('uuid')
  familyId!: string;

  @Column('timestamptz')
  issuedAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;

  @Column('timestamptz', { nullable: true })
  spentAt!: Date | null;
}

@ObjectType({
  description:
    'What a client keeps to act as somebody: an access token for 15 minutes, and a refresh token for 7 days that works once and brings the next one. Using a spent one ends the session.',
})
export class Session {
  @Field(() => String, { description: 'Send it as `Authorization: Bearer …`.' })
  accessToken!: string;

  @Field(() => DateTime, { description: 'From then on it is UNAUTHENTICATED.' })
  accessTokenExpiresAt!: Date;

  @Field(() => String, {
    description: 'For refreshSession, once. Keep it as you keep a password.',
  })
  refreshToken!: string;

  @Field(() => DateTime, {
    description: 'A session that is not refreshed by then has ended; each refresh moves it.',
  })
  refreshTokenExpiresAt!: Date;

  @Field(() => User, { nullable: true, description: 'Null for a guest.' })
  user!: User | null;
}
