import type { SpanContext } from '@opentelemetry/api';

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/**
 * The span that a `traceparent` header of W3C Trace Context names; undefined if the header is not
 * valid.
 */
export function parseTraceparent(header: string | string[] | undefined): SpanContext | undefined {
  if (header === undefined) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] =
    typeof header === 'string' && header.length <= 512
      ? (TRACEPARENT.exec(header.trim()) ?? [])
      : [];
  // Later versions may append fields; version 00 has none, and ff is forbidden.
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) {
    return undefined;
  }
  const spanContext = { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
  return isValid(spanContext) ? spanContext : undefined;
}

/** An id of only zeros is not valid. */
export function isValid({ traceId, spanId }: SpanContext): boolean {
  return /[^0]/.test(traceId) && /[^0]/.test(spanId);
}

export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
