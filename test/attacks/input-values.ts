/**
 * Values for whatever inputs the schema has: mostly such as an honest client sends, with something
 * hostile among them, so that they get past the first check and meet those behind it.
 */
import fc, { type Arbitrary } from 'fast-check';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
} from 'graphql';

export interface Known {
  /** Ids of things that are there, of every type. */
  ids: readonly string[];
  /** By the name of the argument or field: values that fit. */
  byName: Readonly<Record<string, readonly unknown[]>>;
  cursors: readonly string[];
}

const HOSTILE_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfff',
  '\u202egnp.exe',
  '\u0007bell',
  "'; DROP TABLE seats; --",
  '%_\\',
  '=HYPERLINK("http://example.org")',
  'a\r\nBcc: all@example.org',
  '__proto__',
  'constructor',
  '{"a":1}',
  '👩‍👩‍👧‍👦'.repeat(30),
  'é'.normalize('NFD').repeat(200),
  'x'.repeat(300),
  'x'.repeat(70_000),
  '-0',
  'NaN',
  '1e400',
];
const cursorOf = (...parts: unknown[]): string =>
  Buffer.from(JSON.stringify(parts)).toString('base64url');
const UUID = '01890000-0000-7000-8000-000000000000';
const CURSOR_PARTS = [
  null,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  '\0',
  '\ud800',
  'STARTS_AT',
  'TITLE',
  'PRICE',
  UUID,
  '0000-01-01T00:00:00.000Z',
  '2026-02-30T00:00:00.000Z',
  '9999-12-31T23:59:60.000Z',
  '+275760-09-13T00:00:00.000Z',
  '-271821-04-20T00:00:00.000Z',
  '2026-01-01T24:00:00.000Z',
  '99999999999999999999999999',
];
const HOSTILE_INSTANTS = [
  '0000-01-01T00:00:00Z',
  '0000-01-01T00:00:00+23:59',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999-23:59',
  '+275760-09-13T00:00:00.000Z',
  '2026-02-30T00:00:00Z',
  '2026-06-30T23:59:60Z',
  '2026-06-30T12:00:00.123456789Z',
  '2026-06-30T12:00:00+14:00',
  '1969-12-31T23:59:59Z',
  '2026-06-30',
  '',
];
const HOSTILE_INTS = [0, -1, 1, 101, 1001, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 0.5, 1e21];
const ODD = [null, true, 7, 'x', [], {}, [[]], { a: { b: [1] } }];

export class InputValues {
  constructor(private readonly known: Known) {}

  /** All arguments of an operation; those that need not be given are left out at times. */
  argumentsOf(args: readonly GraphQLArgument[]): Arbitrary<Record<string, unknown>> {
    return this.recordOf(args);
  }

  private recordOf(
    fields: readonly (GraphQLArgument | GraphQLInputField)[],
  ): Arbitrary<Record<string, unknown>> {
    return fc.record(
      Object.fromEntries(fields.map(({ name, type }) => [name, this.valueOf(name, type)])),
      { requiredKeys: fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name) },
    );
  }

  private valueOf(name: string, type: GraphQLInputType): Arbitrary<unknown> {
    const fitting = this.fittingValueOf(name, type);
    return fc.oneof(
      { weight: 60, arbitrary: fitting },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(...ODD) },
    );
  }

  private fittingValueOf(name: string, type: GraphQLInputType): Arbitrary<unknown> {
    if (isNonNullType(type)) return this.fittingValueOf(name, type.ofType);
    if (isListType(type)) return this.listOf(name, type.ofType);
    if (isInputObjectType(type)) return this.recordOf(Object.values(type.getFields()));
    if (isEnumType(type)) return fc.constantFrom(...type.getValues().map((value) => value.name));
    if (!isScalarType(type)) throw new Error(`an input of no kind: ${name}`);
    return this.scalarOf(name, getNamedType(type).name);
  }

  private listOf(name: string, type: GraphQLInputType): Arbitrary<unknown> {
    const one = this.valueOf(name, type);
    return fc.oneof(
      { weight: 20, arbitrary: fc.array(one, { maxLength: 3 }) },
      {
        weight: 1,
        // Made small it says no more, and takes long.
        arbitrary: fc.noShrink(
          fc
            .tuple(one, fc.constantFrom(501, 5_001, 100_000))
            .map(([value, many]) => new Array<unknown>(many).fill(value)),
        ),
      },
    );
  }

  private scalarOf(name: string, scalar: string): Arbitrary<unknown> {
    const fitting = this.known.byName[name];
    const hostile = this.hostile(name, scalar);
    if (fitting === undefined) return hostile;
    return fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...fitting) },
      { weight: 2, arbitrary: hostile },
    );
  }

  private hostile(name: string, scalar: string): Arbitrary<unknown> {
    switch (scalar) {
      case 'Int':
        return fc.oneof(fc.constantFrom(...HOSTILE_INTS), fc.integer());
      case 'Float':
        return fc.double();
      case 'Boolean':
        return fc.boolean();
      case 'ID':
        return fc.oneof(this.ids(), fc.constantFrom(...HOSTILE_TEXTS));
      case 'DateTime':
        return fc.oneof(fc.constantFrom(...HOSTILE_INSTANTS), fc.date().map(String));
      case 'EmailAddress':
        return fc.constantFrom(
          'a@b',
          '"a b"@example.org',
          'a@example.org\r\nBcc: b@example.org',
          `${'x'.repeat(300)}@example.org`,
          'ä@exämple.org',
          'a@example.org\0',
        );
      case 'URL':
        return fc.constantFrom(
          'http://127.0.0.1:9/',
          'javascript:alert(1)',
          'http://[::1]:9/',
          'file:///etc/passwd',
          'http://user:secret@example.org/',
          'http://example.org/\0',
          'http://example.org/\ud800',
          `http://example.org/${'x'.repeat(3_000)}`,
          'x',
        );
      case 'CurrencyCode':
        return fc.constantFrom('EUR', 'eur', 'XXX', 'JPY', 'KWD', '');
      default:
        return name === 'after' ? this.cursors() : this.texts();
    }
  }

  private texts(): Arbitrary<string> {
    return fc.oneof(
      fc.constantFrom(...HOSTILE_TEXTS),
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.string({ unit: 'grapheme', maxLength: 50 }),
    );
  }

  private cursors(): Arbitrary<string> {
    const forged = fc
      .array(fc.constantFrom<unknown>(...CURSOR_PARTS, ...this.known.ids), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => cursorOf(...parts));
    return fc.oneof(
      { weight: 3, arbitrary: forged },
      { weight: 1, arbitrary: fc.constantFrom('', '\0', ...this.known.cursors) },
    );
  }

  /** An id as it is, or with something about it wrong. */
  private ids(): Arbitrary<string> {
    const id = fc.constantFrom(...this.known.ids);
    return fc.oneof(
      { weight: 6, arbitrary: id },
      { weight: 1, arbitrary: id.map((text) => text.toUpperCase()) },
      { weight: 1, arbitrary: id.map((text) => text.slice(0, -1)) },
      { weight: 1, arbitrary: id.map((text) => `${text}\0`) },
      { weight: 1, arbitrary: id.map((text) => text.replace(/_.*/, `_${'A'.repeat(22)}`)) },
    );
  }
}
