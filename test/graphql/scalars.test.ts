import { parseValue } from 'graphql';
import { DateTime } from '../../src/graphql/scalars';

describe('an instant that is sent to us', () => {
  it.each([
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2027-03-01T19:30:00+01:00', '2027-03-01T18:30:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('may be %s', (text, instant) => {
    expect(DateTime.parseValue(text)).toEqual(new Date(instant));
    expect(DateTime.parseLiteral(parseValue(JSON.stringify(text)))).toEqual(new Date(instant));
  });

  it.each([
    '0000-12-31T23:59:59.999Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59.999-00:01',
  ])('may not be %s: it could not be told to anybody', (text) => {
    expect(() => DateTime.parseValue(text)).toThrow('years 1 to 9999');
    expect(() => DateTime.parseLiteral(parseValue(JSON.stringify(text)))).toThrow(
      'years 1 to 9999',
    );
  });
});
