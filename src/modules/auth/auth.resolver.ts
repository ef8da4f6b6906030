import { MaxLength, ValidateBy } from 'class-validator';
import { Arg, Ctx, Field, InputType, Mutation, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../../graphql/context';
import type { NodeFetcher } from '../../graphql/node';
import { EmailAddress } from '../../graphql/scalars';
import { IsText } from '../../graphql/text';
import { mayReadAccount, rememberProof } from './account-access';
import {
  EMAIL_LENGTH_MAX,
  NAME_LENGTH_MAX,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  PASSWORD_UNITS_MAX,
  passwordProblem,
} from './account.rules';
import { login, register } from './account.service';
import { Session } from './session.entity';
import { logout, refreshSession, startGuestSession } from './session.service';
import { User } from './user.entity';
import { userById } from './user.loaders';

function IsNewPassword(): PropertyDecorator {
  return ValidateBy({
    name: 'isNewPassword',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && passwordProblem(value) === undefined,
      defaultMessage: (checked) => passwordProblem(String(checked?.value)) ?? 'must be text',
    },
  });
}

@InputType({ description: 'A new account.' })
export class RegisterInput {
  @Field(() => EmailAddress, {
    description: `Up to ${EMAIL_LENGTH_MAX} characters; kept in small letters. Where it has an account already: EMAIL_TAKEN.`,
  })
  @MaxLength(EMAIL_LENGTH_MAX)
  email!: string;

  @Field(() => String, {
    description: `${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters, with a letter and a digit among them.`,
  })
  @IsNewPassword()
  password!: string;

  @Field(() => String, {
    description: `1 to ${NAME_LENGTH_MAX} characters. Both names together stand on bookings that are given no other.`,
  })
  @IsText(1, NAME_LENGTH_MAX)
  firstName!: string;

  @Field(() => String, { description: `1 to ${NAME_LENGTH_MAX} characters.` })
  @IsText(1, NAME_LENGTH_MAX)
  lastName!: string;
}

@InputType({ description: 'Who comes back.' })
export class LoginInput {
  @Field(() => EmailAddress, { description: 'The account’s; small and capital letters are alike.' })
  @MaxLength(EMAIL_LENGTH_MAX)
  email!: string;

  /** Only bounded: what a password must be like is a matter of choosing one. */
  @Field(() => String, {
    description: 'The account’s. After many wrong ones in a few minutes: RATE_LIMITED.',
  })
  @MaxLength(PASSWORD_UNITS_MAX)
  password!: string;
}

@Resolver()
export class AuthResolver {
  @Query(() => User, {
    nullable: true,
    description: 'Whose access token this is; null for a guest and without one.',
  })
  async me(@Ctx() ctx: RequestContext): Promise<User | null> {
    return ctx.viewer.kind === 'user' ? ((await ctx.load(userById, ctx.viewer.id)) ?? null) : null;
  }

  @Mutation(() => Session, {
    description:
      'Opens an account. With the access token of a guest it keeps what the guest holds and has booked. Errors: BAD_USER_INPUT, EMAIL_TAKEN, RATE_LIMITED.',
  })
  async register(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => RegisterInput, { description: 'Whose account it is to be.' })
    input: RegisterInput,
  ): Promise<Session> {
    return rememberProof(ctx, await register(ctx.app, ctx.viewer, input, ctx.remoteAddress));
  }

  @Mutation(() => Session, {
    description:
      'Opens a session of an account. INVALID_CREDENTIALS does not say which of the two is wrong. Errors: BAD_USER_INPUT, INVALID_CREDENTIALS, RATE_LIMITED.',
  })
  async login(
    @Ctx() ctx: RequestContext,
    @Arg('input', () => LoginInput, { description: 'E-mail address and password.' })
    input: LoginInput,
  ): Promise<Session> {
    return rememberProof(ctx, await login(ctx.app, input, ctx.remoteAddress));
  }

  @Mutation(() => Session, {
    description:
      'The next tokens for a refresh token, which works once. Using a spent one ends the session for whoever holds it. Errors: UNAUTHENTICATED for a token that is of no use, RATE_LIMITED.',
  })
  async refreshSession(
    @Ctx() ctx: RequestContext,
    @Arg('refreshToken', () => String, { description: 'The last one that the session was given.' })
    refreshToken: string,
  ): Promise<Session> {
    return rememberProof(ctx, await refreshSession(ctx.app, refreshToken, ctx.remoteAddress));
  }

  @Mutation(() => Boolean, {
    description:
      'Ends the session of a refresh token; true as well where there is none to end. Its access token lives on for what is left of its 15 minutes. Errors: RATE_LIMITED.',
  })
  async logout(
    @Ctx() ctx: RequestContext,
    @Arg('refreshToken', () => String, {
      description: 'Any of the session’s, a spent one as well.',
    })
    refreshToken: string,
  ): Promise<boolean> {
    await logout(ctx.app, refreshToken, ctx.remoteAddress);
    return true;
  }

  @Mutation(() => Session, {
    description:
      'A signed identity for buyers without an account; it can hold and book, and `register` makes an account of it. Errors: RATE_LIMITED.',
  })
  async startGuestSession(@Ctx() ctx: RequestContext): Promise<Session> {
    return startGuestSession(ctx.app, ctx.remoteAddress);
  }
}

export const userNode: NodeFetcher = async (ctx, key) =>
  'id' in key && mayReadAccount(ctx, key.id) ? ctx.load(userById, key.id) : undefined;
