import { parse, validate, type DocumentNode, type GraphQLError, type GraphQLSchema } from 'graphql';
import { DomainError } from '../errors';
import { TOKENS_MAX } from './limits';

const DOCUMENTS_MAX = 500;
/** Longer texts are rare, and keeping them would let strangers fill our memory. */
const TEXT_KEPT_MAX = 20_000;

/** A parsed text, and what is wrong with it. */
export interface CheckedDocument {
  document: DocumentNode;
  errors: readonly GraphQLError[];
}

/** Parses and validates each text once; the least recently used are forgotten. */
export class Documents {
  private readonly checked = new Map<string, CheckedDocument>();

  constructor(private readonly schema: GraphQLSchema) {}

  /** Throws a GraphQLError for a text that does not parse. */
  check(text: string): CheckedDocument {
    const known = this.checked.get(text);
    if (known !== undefined) {
      this.checked.delete(text);
      this.checked.set(text, known);
      return known;
    }
    const document = parseBounded(text);
    const entry = {
      document,
      errors: validate(this.schema, document, undefined, { maxErrors: 20 }),
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

/** The parser recurses: a text can be nested deeper than the stack before it has too many tokens. */
function parseBounded(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: TOKENS_MAX });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DomainError('QUERY_TOO_COMPLEX', 'The document is nested too deeply.');
  }
}
