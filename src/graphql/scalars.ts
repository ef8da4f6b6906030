import { GraphQLError, GraphQLScalarType } from 'graphql';
import { GraphQLCurrency, GraphQLDateTime, GraphQLEmailAddress, GraphQLURL } from 'graphql-scalars';

/** The same scalar under the contract's name, with our own description. */
function named(scalar: GraphQLScalarType, name: string, description: string): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), name, description });
}

/**
 * The instants that RFC 3339, JavaScript and PostgreSQL write alike. Before them PostgreSQL has no year 0
 * but BC, and after them JavaScript puts a sign in front: what is stored so can be told to nobody.
 */
const FIRST_INSTANT = new Date('0001-01-01T00:00:00.000Z');
const LAST_INSTANT = new Date('9999-12-31T23:59:59.999Z');

function tellable(instant: Date): Date {
  if (instant >= FIRST_INSTANT && instant <= LAST_INSTANT) return instant;
  throw new GraphQLError('DateTime must be an instant of the years 1 to 9999, in UTC.');
}

const Instant = new GraphQLScalarType({
  ...GraphQLDateTime.toConfig(),
  parseValue: (value) => tellable(GraphQLDateTime.parseValue(value)),
  parseLiteral: (node, variables) => tellable(GraphQLDateTime.parseLiteral(node, variables)),
});

export const DateTime = named(
  Instant,
  'DateTime',
  'An instant as RFC 3339 text, to the millisecond. Answers are in UTC: 2027-03-01T19:30:00.000Z; an input may have another offset, and is of the years 1 to 9999.',
);
export const EmailAddress = named(
  GraphQLEmailAddress,
  'EmailAddress',
  'An e-mail address. Case does not matter.',
);
export const Url = named(GraphQLURL, 'URL', 'An absolute URL.');
export const CurrencyCode = named(
  GraphQLCurrency,
  'CurrencyCode',
  'An ISO 4217 currency code, such as EUR.',
);
