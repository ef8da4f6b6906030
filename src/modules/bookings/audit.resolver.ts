import { Arg, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../../graphql/context';
import { publicId, requireId } from '../../infra/ids';
import { requireUser } from '../auth/viewer.rules';
import { forbidden } from '../organizations/permissions';
import { auditEvent } from './audit.sql';

@ObjectType({ description: 'A promise of the seat engine that the books break.' })
class AuditFinding {
  @Field(() => String, { description: 'Which promise, such as sold-seat or money.' })
  invariant!: string;

  @Field(() => ID, { description: 'The event whose books break it.' })
  eventId!: string;

  @Field(() => String, {
    description: 'What was found, in the database’s own words: the ids in it are UUIDs.',
  })
  detail!: string;
}

@Resolver()
export class AuditResolver {
  @Query(() => [AuditFinding], {
    description:
      'Checks the books of one event, or of all: empty when all is well, and at most 100 findings of each promise. Reads one snapshot and changes nothing. For platform admins. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND for a malformed id.',
  })
  async audit(
    @Ctx() { app, viewer }: RequestContext,
    @Arg('eventId', () => ID, { nullable: true, description: 'Absent: all events.' })
    eventId?: string | null,
  ): Promise<AuditFinding[]> {
    if (!requireUser(viewer).platformAdmin) throw forbidden();
    const scope = eventId == null ? undefined : requireId('Event', eventId);
    const findings = await auditEvent(app.db, scope, app.clock.now());
    return findings.map((each) => ({ ...each, eventId: publicId('Event', each.eventId) }));
  }
}
