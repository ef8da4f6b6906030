import { parse, validate, type GraphQLSchema } from 'graphql';
import { buildGraphQLSchema } from '../../src/app';
import { defaultTabs } from '../../web/src/graphiql-tabs';
import * as operations from '../../web/src/operations';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildGraphQLSchema();
});

const problems = (source: string): string[] =>
  validate(schema, parse(source)).map(({ message }) => message);

it.each(Object.entries(operations))('%s is valid', (_name, { source }) => {
  expect(problems(source)).toEqual([]);
});

it.each(defaultTabs)('what GraphiQL opens with is valid: $query', ({ query }) => {
  expect(problems(query)).toEqual([]);
});
