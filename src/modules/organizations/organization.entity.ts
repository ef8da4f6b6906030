import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Node } from '../../graphql/node';
import { publicId } from '../../infra/ids';

/** What each may do is written in one table: POLICY in organization.rules.ts. */
export enum OrganizationRole {
  OWNER = 'OWNER',
  MANAGER = 'MANAGER',
  BOX_OFFICE = 'BOX_OFFICE',
  SCANNER = 'SCANNER',
}
registerEnumType(OrganizationRole, {
  name: 'OrganizationRole',
  description:
    'OWNER looks after members and money; MANAGER after events and venues; BOX_OFFICE sells and refunds; SCANNER checks in.',
  valuesConfig: {
    OWNER: { description: 'Everything: members and secrets of webhooks, and what the others may.' },
    MANAGER: {
      description:
        'Venues, seating plans, events and webhooks; sees sales, blocks seats and checks in, but cancels no single bookings.',
    },
    BOX_OFFICE: {
      description:
        'Holds for groups, cancels bookings, transfers tickets, sees sales, blocks seats and checks in.',
    },
    SCANNER: {
      description: 'Checks in. Sees colleagues and drafts, but neither bookings nor sales.',
    },
  },
});

/** Whoever has venues and sells tickets for events. */
@Entity('organizations')
@ObjectType('Organization', {
  implements: Node,
  description: 'Whoever has venues and puts on events.',
})
export class Organization {
  @PrimaryColumn('uuid')
  id!: string;

  get publicId(): string {
    return publicId('Organization', this.id);
  }

  @Column('text')
  @Field(() => String, { description: 'What buyers know it by; two may have the same.' })
  name!: string;

  @Column('text')
  @Field(() => String, {
    description: 'Its name in addresses: unique, a-z, 0-9 and single hyphens.',
  })
  slug!: string;

  @Column('timestamptz')
  createdAt!: Date;
}

@Entity('memberships')
@ObjectType('Membership', { description: 'What somebody is in an organization.' })
export class Membership {
  @PrimaryColumn('uuid')
  organizationId!: string;

  @PrimaryColumn('uuid')
  userId!: string;

  @Column('text')
  @Field(() => OrganizationRole, { description: 'What they may do there.' })
  role!: OrganizationRole;

  @Column('timestamptz')
  createdAt!: Date;
}
