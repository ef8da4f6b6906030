import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildASTSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  parse,
  print,
  astFromValue,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { buildGraphQLSchema } from '../../src/app';

const contractFile = join(__dirname, '../../../shared/contract/schema.graphql');

type Input = GraphQLArgument | GraphQLInputField;

const wordingOfDefault = ({ defaultValue, type }: Input): string => {
  const value = defaultValue === undefined ? undefined : astFromValue(defaultValue, type);
  return value ? ` = ${print(value)}` : '';
};
const wordingOfInput = (input: Input): string => `${String(input.type)}${wordingOfDefault(input)}`;

/** A type as facts, each with a path of its own, so that two schemas compare fact by fact. */
function factsOf(type: GraphQLNamedType): [path: string, fact: string][] {
  const facts: [string, string][] = [[type.name, type.constructor.name]];
  const addField = (field: GraphQLField<unknown, unknown>): void => {
    facts.push([`${type.name}.${field.name}`, String(field.type)]);
    for (const arg of field.args) {
      facts.push([`${type.name}.${field.name}(${arg.name})`, wordingOfInput(arg)]);
    }
  };
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const one of type.getInterfaces()) {
      facts.push([`${type.name} implements ${one.name}`, '']);
    }
    Object.values(type.getFields()).forEach(addField);
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) {
      facts.push([`${type.name}.${field.name}`, wordingOfInput(field)]);
    }
  } else if (isEnumType(type)) {
    for (const { name } of type.getValues()) facts.push([`${type.name}.${name}`, 'value']);
  } else if (isUnionType(type)) {
    for (const { name } of type.getTypes()) facts.push([`${type.name} = ${name}`, '']);
  }
  return facts;
}

function factsOfSchema(schema: GraphQLSchema): Map<string, string> {
  const ours = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  return new Map(ours.flatMap(factsOf));
}

const standing = existsSync(contractFile) ? describe : describe.skip;
if (!existsSync(contractFile)) console.warn(`skipped: the contract is not at ../shared/contract`);

standing('the public contract', () => {
  let missing: string[];
  let different: string[];
  let demanded: string[];

  beforeAll(async () => {
    const contract = factsOfSchema(buildASTSchema(parse(readFileSync(contractFile, 'utf8'))));
    const built = factsOfSchema(await buildGraphQLSchema());
    missing = [...contract.keys()].filter((path) => !built.has(path));
    different = [...contract]
      .filter(([path, fact]) => built.has(path) && built.get(path) !== fact)
      .map(([path, fact]) => `${path}: ${fact} became ${String(built.get(path))}`);
    const inputNames = /^(.*Input)\.|^(.*)\(/;
    demanded = [...built]
      .filter(([path, fact]) => !contract.has(path) && fact.endsWith('!'))
      .filter(([path]) => {
        const [, input, field] = inputNames.exec(path) ?? [];
        return contract.has(input ?? field ?? '');
      })
      .map(([path]) => path);
  });

  it('is kept to the letter by whatever of it is built', () => {
    expect(different).toEqual([]);
  });

  it('is all there', () => {
    expect(missing).toEqual([]);
  });

  it('is not narrowed by something of ours that its clients would have to send', () => {
    expect(demanded).toEqual([]);
  });
});
