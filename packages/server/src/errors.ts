/**
 * Every error that the API answers: its status and its sentence. What else is known about an error is for the
 * operator or the log, never for a client.
 */
import { STATUS_CODES } from 'node:http';

/** Status and sentence of every kind of error. */
export const ERRORS = {
  badRequest: { status: 400, sentence: 'Bad request' },
  authenticationRequired: { status: 401, sentence: 'Authentication required' },
  adminRequired: { status: 403, sentence: 'Admin access required' },
  notAllowed: { status: 403, sentence: 'Not allowed' },
  crossSite: { status: 403, sentence: 'Requests of another site are not allowed' },
  notFound: { status: 404, sentence: 'Not found' },
  methodNotAllowed: { status: 405, sentence: 'Method not allowed' },
  requestTimeout: { status: 408, sentence: 'Request timeout' },
  uriTooLong: { status: 414, sentence: 'URI too long' },
  expectationFailed: { status: 417, sentence: 'Expectation failed' },
  headersTooLarge: { status: 431, sentence: 'Request header fields too large' },
  conflict: { status: 409, sentence: 'Entity already exists' },
  misdirected: {
    status: 421,
    sentence: 'Host is no name of this service; set PORTAL_PUBLIC_URL to where browsers find it',
  },
  tooManyRequests: { status: 429, sentence: 'Too many requests' },
  unavailable: { status: 503, sentence: 'Temporarily unavailable' },
  internal: { status: 500, sentence: 'Internal server error' },
} as const;

/** One of them. */
export type ErrorType = keyof typeof ERRORS;

/** A refusal, as opposed to a bug: somebody asked for something that is not to be had. */
export class PortalError extends Error {
  readonly type: ErrorType;

  /** @param explanation - a sentence for the operator at the command line; clients get that of the kind */
  constructor(kind: ErrorType, explanation?: string, options?: ErrorOptions) {
    super(explanation ?? ERRORS[kind].sentence, options);
    this.type = kind;
  }
}

/** Something that only whoever runs the service can mend. The message is a sentence for them, and holds no secret. */
export class OperatorError extends Error {}

/** What a client is told: nothing but a status and a sentence. */
export interface HttpErrorResponse {
  readonly status: number;
  readonly sentence: string;
}

/** The answer to any error whatsoever; one that nobody foresaw is a 500. */
export function errorResponseFor(error: unknown): HttpErrorResponse {
  if (error instanceof PortalError) {
    const { status, sentence } = ERRORS[error.type];
    // A bad request is answered with the rule that was broken, which is written for whoever sent it.
    return { status, sentence: error.type === 'badRequest' ? error.message : sentence };
  }
  // The framework's own refusals: body too large, unreadable, of an unknown type.
  const statusCode = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, sentence: sentenceOfStatus(statusCode) };
  }
  return ERRORS.internal;
}

/** `Payload Too Large` becomes `Payload too large`, like every other sentence. */
function sentenceOfStatus(status: number): string {
  const phrase = STATUS_CODES[status] ?? ERRORS.badRequest.sentence;
  return phrase.charAt(0) + phrase.slice(1).toLowerCase();
}
