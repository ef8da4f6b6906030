import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../../graphql/context';
import { Money, money } from '../../graphql/money';
import { eventById } from '../events/event.loaders';
import { Payment } from './payment.entity';

@Resolver(() => Payment)
export class PaymentResolver {
  @FieldResolver(() => Money, { description: 'What the provider was asked for; it never changes.' })
  async amount(@Root() payment: Payment, @Ctx() ctx: RequestContext): Promise<Money> {
    const { currency } = await ctx.loadRequired(eventById, payment.eventId);
    return money(payment.amountMinor, currency);
  }

  @FieldResolver(() => Money, { description: 'How much of it has been given back.' })
  async refunded(@Root() payment: Payment, @Ctx() ctx: RequestContext): Promise<Money> {
    const { currency } = await ctx.loadRequired(eventById, payment.eventId);
    return money(payment.refundedMinor, currency);
  }
}
