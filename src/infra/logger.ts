import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, stdSerializers, type Logger as PinoLogger, type SerializedError } from 'pino';
import type { LogLevel } from '../config';

export type Logger = PinoLogger;

/** What every log line of one request or job carries. */
export interface Correlation {
  correlationId: string;
}

const correlation = new AsyncLocalStorage<Correlation>();

/** Runs `work` so that each log line written inside it, however deep, carries the correlation id. */
export function withCorrelation<T>(context: Correlation, work: () => T): T {
  return correlation.run(context, work);
}

export function currentCorrelationId(): string | undefined {
  return correlation.getStore()?.correlationId;
}

/** On the error of a broken connection pg hangs its whole client, with the key that cancels its queries. */
export function errorForLog(error: Error): Omit<SerializedError, 'client'> {
  const told: Partial<SerializedError> & Omit<SerializedError, 'client'> =
    stdSerializers.err(error);
  delete told['client'];
  return told;
}

/** JSON lines on standard output. Secrets that may stand in a logged object are never written. */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorForLog },
    mixin: () => correlation.getStore() ?? {},
    redact: {
      paths: [
        'password',
        '*.password',
        'refreshToken',
        '*.refreshToken',
        'authorization',
        '*.authorization',
        'token',
        '*.token',
      ],
      censor: '[redacted]',
    },
  });
}
