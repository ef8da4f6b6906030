import { buildSchema } from 'graphql';
import { buildGraphQLSchema } from '../../src/app';
import { undescribed } from '../../src/tools/undescribed';

describe('the descriptions of the public schema', () => {
  it('leave nothing out', async () => {
    expect(undescribed(await buildGraphQLSchema())).toEqual([]);
  });
});

describe('undescribed', () => {
  it('names types, fields, arguments, input fields and values', () => {
    const schema = buildSchema(`
      type Query { seat(no: Int): Seat }
      interface Place { no: Int }
      type Seat implements Place { no: Int }
      union Answer = Seat
      input Wish { quantity: Int }
      enum Status { FREE }
      scalar Instant
    `);

    expect(undescribed(schema).sort()).toEqual([
      'Answer',
      'Instant',
      'Place',
      'Place.no',
      'Query',
      'Query.seat',
      'Query.seat(no:)',
      'Seat',
      'Seat.no',
      'Status',
      'Status.FREE',
      'Wish',
      'Wish.quantity',
    ]);
  });

  it('takes blanks for nothing, and names nothing that is described', () => {
    const schema = buildSchema(`
      "What can be asked." type Query { "One." seat("Its position." no: Int): Int  " " row: Int }
    `);

    expect(undescribed(schema)).toEqual(['Query.row']);
  });
});
