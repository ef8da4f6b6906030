import { Column, Entity, PrimaryColumn } from 'typeorm';

export type MailStatus =
  /** An attempt has it, and has not handed it over yet. */
  | 'CLAIMED'
  /** It is being handed over: from here on it may have been taken. */
  | 'SENDING'
  | 'SENT'
  /** The server was away or said to come back later. */
  | 'WAITING'
  /** The server has refused it for good. */
  | 'FAILED'
  /** Whoever handed it over died in that moment: it may have been taken, and is not sent again. */
  | 'UNCERTAIN'
  /** By the time it was to be written there was nothing to tell any more. */
  | 'NEEDLESS';

/** One fact that somebody is told by mail, once. */
@Entity('mails')
export class Mail {
  /** The organization's id where the mail is about no event, but goes to its owners. */
  @PrimaryColumn('uuid')
  eventId!: string;

  @PrimaryColumn('text')
  fact!: string;

  @Column('text')
  kind!: string;

  @Column('uuid')
  subjectId!: string;

  @Column('text')
  status!: MailStatus;

  @Column('uuid')
  claimId!: string;

  @Column('timestamptz')
  claimedAt!: Date;

  @Column('integer')
  attempts!: number;

  @Column('text', { nullable: true })
  recipient!: string | null;

  @Column('text', { nullable: true })
  messageId!: string | null;

  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('timestamptz', { nullable: true })
  sentAt!: Date | null;
}
