import { isInputObjectType, isObjectType, type GraphQLNamedType } from 'graphql';
import { buildGraphQLSchema } from '../../src/app';

interface Named {
  name: string;
  description?: string | null | undefined;
}

function fieldsOf(type: GraphQLNamedType | null | undefined): Named[] {
  if (!isObjectType(type) && !isInputObjectType(type)) return [];
  const fields: Record<string, Named> = type.getFields();
  return Object.values(fields).map(({ name, description }) => ({
    name: `${type.name}.${name}`,
    description,
  }));
}

it('each type, operation and amount of the API is described', async () => {
  const schema = await buildGraphQLSchema();
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const rootNames = roots.map((root) => root?.name);
  const types = Object.values(schema.getTypeMap()).filter(
    ({ name }) => !name.startsWith('__') && !rootNames.includes(name),
  );
  // A number without its unit is a guess: amounts, times, percentages.
  const amounts = types
    .flatMap(fieldsOf)
    .filter(({ name }) => /(Minor|Seconds|Percent|Ms|Max)$/.test(name));
  expect(amounts.length).toBeGreaterThan(10);
  const undescribed = [...types, ...amounts, ...roots.flatMap(fieldsOf)].filter(
    ({ description }) => !description,
  );
  expect(undescribed.map(({ name }) => name)).toEqual([]);
});
