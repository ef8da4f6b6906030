/** In order of time. A migration is never edited after it has landed. */
import { Accounts1700000100000 } from './1700000100000-accounts';
import { Catalogue1700000200000 } from './1700000200000-catalogue';
import { Seats1700000300000 } from './1700000300000-seats';
import { SeatFunctions1700000400000 } from './1700000400000-seat-functions';
import { CheckoutFunctions1700000450000 } from './1700000450000-checkout-functions';
import { Bookings1700000500000 } from './1700000500000-bookings';
import { HouseHolds1700000600000 } from './1700000600000-house-holds';
import { PruneChangeLog1700000720000 } from './1700000720000-prune-change-log';
import { MockLedger1700000730000 } from './1700000730000-mock-ledger';
import { PaymentWebhooks1700000730100 } from './1700000730100-payment-webhooks';
import { JobWorkers1700000740000 } from './1700000740000-job-workers';
import { Checkouts1700000740100 } from './1700000740100-checkouts';
import { Refunds1700000750000 } from './1700000750000-refunds';
import { MoneyForPeople1700000751000 } from './1700000751000-money-for-people';
import { TicketDoors1700000760000 } from './1700000760000-ticket-doors';
import { Mails1700000761000 } from './1700000761000-mails';
import { DomainEvents1700000770000 } from './1700000770000-domain-events';
import { ReservationEvents1700000771000 } from './1700000771000-reservation-events';
import { OutboxSinks1700000772000 } from './1700000772000-outbox-sinks';
import { Webhooks1700000773000 } from './1700000773000-webhooks';
import { PruneDomainEvents1700000774000 } from './1700000774000-prune-domain-events';
import { LateBuyers1700000780000 } from './1700000780000-late-buyers';
import { ReservationTotals1700000781000 } from './1700000781000-reservation-totals';
import { PublishedAt1700000790000 } from './1700000790000-published-at';
import { CheaperClaims1700000800000 } from './1700000800000-cheaper-claims';
import { OneHoldFunction1700000801000 } from './1700000801000-one-hold-function';
import { PlansThatGrow1700000810000 } from './1700000810000-plans-that-grow';
import { ChangeByPosition1700000811000 } from './1700000811000-change-by-position';
import { ComparePayments1700000830000 } from './1700000830000-compare-payments';
import { OneBookingPerEmail1700000840000 } from './1700000840000-one-booking-per-email';
import { OneLockOrder1700000850000 } from './1700000850000-one-lock-order';
import { RowsThatChange1700000860000 } from './1700000860000-rows-that-change';
import { CallersKeys1700000880000 } from './1700000880000-callers-keys';

export const migrations = [
  Accounts1700000100000,
  Catalogue1700000200000,
  Seats1700000300000,
  SeatFunctions1700000400000,
  CheckoutFunctions1700000450000,
  Bookings1700000500000,
  HouseHolds1700000600000,
  PruneChangeLog1700000720000,
  MockLedger1700000730000,
  PaymentWebhooks1700000730100,
  JobWorkers1700000740000,
  Checkouts1700000740100,
  Refunds1700000750000,
  MoneyForPeople1700000751000,
  TicketDoors1700000760000,
  Mails1700000761000,
  DomainEvents1700000770000,
  ReservationEvents1700000771000,
  OutboxSinks1700000772000,
  Webhooks1700000773000,
  PruneDomainEvents1700000774000,
  LateBuyers1700000780000,
  ReservationTotals1700000781000,
  PublishedAt1700000790000,
  CheaperClaims1700000800000,
  OneHoldFunction1700000801000,
  PlansThatGrow1700000810000,
  ChangeByPosition1700000811000,
  ComparePayments1700000830000,
  OneBookingPerEmail1700000840000,
  OneLockOrder1700000850000,
  RowsThatChange1700000860000,
  CallersKeys1700000880000,
];
