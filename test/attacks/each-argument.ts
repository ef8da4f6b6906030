/** Inputs that are honest but for one value: each value of each argument in its turn. */
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
} from 'graphql';

type Fields = readonly (GraphQLArgument | GraphQLInputField)[];
type ByName = Readonly<Record<string, readonly unknown[]>>;

const TEXTS = ['', '\0', 'a\0b', '\ud800', '__proto__', '%', 'a\r\nb', 'x'.repeat(70_000)];
const HOSTILE: Readonly<Record<string, readonly unknown[]>> = {
  Int: [2 ** 31, 2 ** 31 - 1, -(2 ** 31), -1, 0, 0.5, '1', null],
  Float: [1e308, -1e308, 5e-324, 'NaN', null],
  Boolean: ['true', 1, null],
  DateTime: [
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+23:59',
    '9999-12-31T23:59:59.999-23:59',
    '2016-12-31T23:59:60Z',
    '2026-02-30T00:00:00Z',
    '+275760-09-13T00:00:00.000Z',
    0,
    null,
  ],
};
/** Where a text, or something that is written as one, belongs. */
const OTHERWISE = [...TEXTS, 7, {}, [[]], null];

export interface OneWrong {
  /** Of the value that is wrong. */
  path: string;
  variables: Record<string, unknown>;
}

export function* eachWrong(args: Fields, byName: ByName): Generator<OneWrong> {
  for (const [name, value, path] of wrongFields(args, byName, 0))
    yield { path, variables: { ...honest(args, byName, 0), [name]: value } };
}

/** Inputs that hold inputs; none of ours holds itself. */
const DEPTH_MAX = 4;

function honest(fields: Fields, byName: ByName, depth: number): Record<string, unknown> {
  const given = fields.filter(({ name, type }) => isNonNullType(type) || name in byName);
  return Object.fromEntries(
    given.map(({ name, type }) => [name, honestValue(name, type, byName, depth)]),
  );
}

function honestValue(name: string, type: GraphQLInputType, byName: ByName, depth: number): unknown {
  if (isNonNullType(type)) return honestValue(name, type.ofType, byName, depth);
  if (isListType(type)) return [honestValue(name, type.ofType, byName, depth)];
  if (isInputObjectType(type) && depth < DEPTH_MAX)
    return honest(Object.values(type.getFields()), byName, depth + 1);
  if (isEnumType(type)) return type.getValues()[0]?.name;
  return byName[name]?.[0] ?? 'x';
}

function* wrongFields(
  fields: Fields,
  byName: ByName,
  depth: number,
): Generator<[name: string, value: unknown, path: string]> {
  for (const { name, type } of fields) {
    const inner = getNamedType(type);
    const wrap = (value: unknown): unknown =>
      isListType(isNonNullType(type) ? type.ofType : type) ? [value] : value;
    if (isInputObjectType(inner) && depth < DEPTH_MAX) {
      const within = Object.values(inner.getFields());
      for (const [field, value, path] of wrongFields(within, byName, depth + 1)) {
        const others = honest(within, byName, depth + 1);
        yield [name, wrap({ ...others, [field]: value }), `${name}.${path}`];
      }
    } else {
      for (const value of HOSTILE[inner.name] ?? OTHERWISE) yield [name, wrap(value), name];
    }
  }
}
