import {
  GraphQLError,
  Kind,
  parse,
  specifiedRules,
  validate,
  type ASTVisitor,
  type DirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionNode,
  type ValidationContext,
} from 'graphql';
import { DomainError } from '../errors';
import { assertQuicklyValidated, TOKENS_MAX } from './limits';

const DOCUMENTS_MAX = 500;
/** Longer texts are rare, and keeping them would let strangers fill our memory. */
const TEXT_KEPT_MAX = 20_000;

/**
 * A subscription is its one field: where that is left out, graphql-js fails at finding it. (Conditions that
 * hang on variables it refuses by itself there.)
 */
function nothingLeftOutOfSubscriptions(context: ValidationContext): ASTVisitor {
  const check = (node: SelectionNode): void => {
    const parent = context.getParentType();
    if (parent == null || parent !== context.getSchema().getSubscriptionType()) return;
    if (!node.directives?.some(isLeftOutBy)) return;
    const message = 'A subscription cannot leave out what it selects at its root.';
    context.reportError(new GraphQLError(message, { nodes: node }));
  };
  return { Field: check, InlineFragment: check, FragmentSpread: check };
}

function isLeftOutBy({ name, arguments: [condition] = [] }: DirectiveNode): boolean {
  if (condition?.value.kind !== Kind.BOOLEAN) return false;
  return name.value === (condition.value.value ? 'skip' : 'include');
}
const RULES = [...specifiedRules, nothingLeftOutOfSubscriptions];

/** A parsed text, and what is wrong with it. */
export interface CheckedDocument {
  document: DocumentNode;
  errors: readonly GraphQLError[];
}

/** Parses and validates each text once; the least recently used are forgotten. */
export class Documents {
  private readonly checked = new Map<string, CheckedDocument>();

  constructor(private readonly schema: GraphQLSchema) {}

  /** Throws a GraphQLError for a text that does not parse, QUERY_TOO_COMPLEX for one that is not looked into. */
  check(text: string): CheckedDocument {
    const known = this.checked.get(text);
    if (known !== undefined) {
      this.checked.delete(text);
      this.checked.set(text, known);
      return known;
    }
    const document = parseBounded(text);
    assertQuicklyValidated(document);
    const entry = {
      document,
      errors: validate(this.schema, document, RULES, { maxErrors: 20 }),
    };
    if (text.length <= TEXT_KEPT_MAX) {
      this.checked.set(text, entry);
      if (this.checked.size > DOCUMENTS_MAX) {
        const [oldest] = this.checked.keys();
        if (oldest !== undefined) this.checked.delete(oldest);
      }
    }
    return entry;
  }
}

/** No shorter text takes long to validate. */
const GAUGED_LENGTH_MIN = 2_000;

/** Finds the texts that would take long to validate; those that would not are remembered for a while. */
export class ValidationGauge {
  private readonly passed = new Set<string>();

  /** Undefined also for a text that does not parse: that is somebody else's to say. */
  refusalOf(text: string | undefined): DomainError | undefined {
    if (text === undefined || text.length < GAUGED_LENGTH_MIN || this.passed.has(text))
      return undefined;
    try {
      assertQuicklyValidated(parseBounded(text));
    } catch (error) {
      return error instanceof DomainError ? error : undefined;
    }
    if (text.length <= TEXT_KEPT_MAX) {
      if (this.passed.size >= DOCUMENTS_MAX) this.passed.clear();
      this.passed.add(text);
    }
    return undefined;
  }
}

/** The parser recurses: a text can be nested deeper than the stack before it has too many tokens. */
function parseBounded(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: TOKENS_MAX });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DomainError('QUERY_TOO_COMPLEX', 'The document is nested too deeply.');
  }
}
