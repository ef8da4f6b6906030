import { newId } from '../../src/infra/ids';
import { withCorrelation } from '../../src/infra/logger';
import type { NewDomainEvent } from '../../src/outbox/domain-events';
import { openBoxOffice, type BoxOffice } from '../support/box-office';
import { startHouse, type House } from '../support/house';

let house: House;
let office: BoxOffice;

beforeAll(async () => {
  house = await startHouse();
  office = await openBoxOffice(house);
});
afterAll(() => house.close());

interface Row {
  id: string;
  type: string;
  schema_version: number;
  correlation_id: string;
  actor_kind: string;
  actor_id: string | null;
  organization_id: string;
  event_id: string;
  occurred_at: Date;
  data: Record<string, unknown>;
}

/** What a test recorded under its own correlation id. */
const recorded = (correlationId: string): Promise<Row[]> =>
  house.app.db.query<Row & Record<string, unknown>>(
    'SELECT * FROM domain_events WHERE correlation_id = $1 ORDER BY recorded_at, id',
    [correlationId],
  );

const unblocked = (seatNos: number[]): NewDomainEvent => ({
  type: 'seats.unblocked',
  eventId: office.eventUuid,
  actor: { kind: 'SYSTEM' },
  data: { seatNos },
});

function recordAs(correlationId: string, ...facts: NewDomainEvent[]): Promise<void> {
  return withCorrelation({ correlationId }, () =>
    house.app.db.transaction((tx) => house.app.outbox.record(tx, ...facts)),
  );
}

describe('the outbox', () => {
  it('writes a fact with id, type, version, time, correlation, actor, organization and event', async () => {
    const correlationId = newId();
    const userId = newId();
    await recordAs(correlationId, {
      type: 'seats.blocked',
      eventId: office.eventUuid,
      actor: { kind: 'USER', id: userId },
      data: { seatNos: [1, 2], reason: 'for the press' },
    });
    const [row, ...others] = await recorded(correlationId);
    const [{ organization_id } = { organization_id: '' }] = await house.app.db.query<{
      organization_id: string;
    }>('SELECT organization_id FROM events WHERE id = $1', [office.eventUuid]);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      type: 'seats.blocked',
      schema_version: 1,
      correlation_id: correlationId,
      actor_kind: 'USER',
      actor_id: userId,
      organization_id,
      event_id: office.eventUuid,
      data: { seatNos: [1, 2], reason: 'for the press' },
    });
    expect(row?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(Math.abs(house.clock.now().getTime() - row!.occurred_at.getTime())).toBeLessThan(60_000);
  });

  it('writes a fact if and only if its transaction commits', async () => {
    const [kept, lost] = [newId(), newId()];
    await recordAs(kept, unblocked([3]));
    const rolledBack = withCorrelation({ correlationId: lost }, () =>
      house.app.db.transaction(async (tx) => {
        await house.app.outbox.record(tx, unblocked([4]));
        throw new Error('changed my mind');
      }),
    );
    await expect(rolledBack).rejects.toThrow('changed my mind');
    expect(await recorded(kept)).toHaveLength(1);
    expect(await recorded(lost)).toEqual([]);
  });

  it('keeps the order of facts recorded together', async () => {
    const correlationId = newId();
    await recordAs(correlationId, ...Array.from({ length: 1_200 }, (_, no) => unblocked([no])));
    const nos = (await recorded(correlationId)).map(({ data }) => (data['seatNos'] as number[])[0]);
    expect(nos).toEqual(Array.from({ length: 1_200 }, (_, no) => no));
  });

  it('refuses data of another shape, and leaves out what the shape does not have', async () => {
    const correlationId = newId();
    const wrong = { ...unblocked([]), data: { seatNos: ['1'] } } as unknown as NewDomainEvent;
    await expect(recordAs(correlationId, wrong)).rejects.toThrow('seatNos');
    const chatty = {
      ...unblocked([5]),
      data: { seatNos: [5], token: 'secret' },
    } as unknown as NewDomainEvent;
    await recordAs(correlationId, chatty);
    expect((await recorded(correlationId)).map(({ data }) => data)).toEqual([{ seatNos: [5] }]);
  });

  it('refuses a fact about an event that does not exist', async () => {
    const nowhere = { ...unblocked([1]), eventId: newId() };
    await expect(recordAs(newId(), nowhere)).rejects.toThrow('organization_id');
  });
});
