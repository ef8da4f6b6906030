import { GraphQLScalarType } from 'graphql';
import { GraphQLCurrency, GraphQLDateTime, GraphQLEmailAddress, GraphQLURL } from 'graphql-scalars';

/** The same scalar under the contract's name, with our own description. */
function named(scalar: GraphQLScalarType, name: string, description: string): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), name, description });
}

export const DateTime = named(
  GraphQLDateTime,
  'DateTime',
  'An instant as RFC 3339 text, to the millisecond. Answers are in UTC: 2027-03-01T19:30:00.000Z; an input may have another offset.',
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
