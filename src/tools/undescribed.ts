import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

interface Named {
  readonly name: string;
  readonly description?: string | null | undefined;
}

/** What of a type can be read about: itself, its fields, their arguments, its values; each with its path. */
function partsOf(type: GraphQLNamedType): [path: string, part: Named][] {
  const parts: [string, Named][] = [[type.name, type]];
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const path = `${type.name}.${field.name}`;
      parts.push([path, field]);
      for (const argument of field.args) parts.push([`${path}(${argument.name}:)`, argument]);
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields()))
      parts.push([`${type.name}.${field.name}`, field]);
  } else if (isEnumType(type)) {
    for (const value of type.getValues()) parts.push([`${type.name}.${value.name}`, value]);
  }
  return parts;
}

/** Whatever of a schema says nothing of itself: who explores it in GraphiQL has nothing else to read. */
export function undescribed(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
    .flatMap(partsOf)
    .filter(([, { description }]) => !description?.trim())
    .map(([path]) => path);
}
