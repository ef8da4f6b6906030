import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  IsDate,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars';
import { IsText } from '../../graphql/text';

/** Scans of one call. A scanner with more of them calls again. */
const SCANS_MAX = 500;

@InputType({ description: 'A code that was read while the scanner had no connection.' })
export class OfflineScanInput {
  @Field(() => ID, {
    description:
      'The device’s own id of the scan, up to 100 characters: brought again, it is answered as before.',
  })
  @IsText(1, 100)
  scanId!: string;

  /** Unbounded, as in CheckInTicketInput. */
  @Field(() => String, { description: 'What the QR code holds.' })
  @Allow()
  code!: string;

  @Field(() => DateTime, {
    description: 'When it was read, by the device’s clock; the earliest scan of a ticket admits.',
  })
  @IsDate()
  scannedAt!: Date;
}

@InputType({ description: 'What a scanner saw while it had no connection, 500 scans at most.' })
export class SyncCheckInsInput {
  @Field(() => ID, { description: 'The event at whose door they were read.' })
  @MaxLength(100)
  eventId!: string;

  @Field(() => String, { description: 'What the scanner calls itself, up to 100 characters.' })
  @IsText(1, 100)
  deviceId!: string;

  @Field(() => [OfflineScanInput], { description: `1 to ${SCANS_MAX}.` })
  @ArrayMinSize(1)
  @ArrayMaxSize(SCANS_MAX)
  @ValidateNested({ each: true })
  scans!: OfflineScanInput[];
}
