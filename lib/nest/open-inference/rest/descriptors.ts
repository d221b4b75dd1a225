import { IoDescriptor, type IoSchema, type ResponsePayload } from '../../io/io-descriptor.js';
import type { RequestBody } from '../../io/request-body.js';
import { JSON_TYPE } from './protocol.js';

const schema: IoSchema = { type: 'object' };

/**
 * The bytes of a request: JSON, optionally followed by tensors. The content type does not show
 * which.
 */
export class ProtocolBody extends IoDescriptor<Uint8Array, never> {
  override readonly mediaType = JSON_TYPE;
  override readonly schema = schema;

  override parse({ bytes, parsed }: RequestBody): Uint8Array {
    if (bytes !== undefined) return bytes;
    // A parser of the application was first.
    return Buffer.from(typeof parsed === 'string' ? parsed : JSON.stringify(parsed ?? ''));
  }

  override serialize(): never {
    throw new TypeError('A request is not sent.');
  }

  override accepts(): boolean {
    return true;
  }
}

/** An answer that its handler has written. */
export class ProtocolAnswer extends IoDescriptor<never, ResponsePayload> {
  override readonly mediaType = JSON_TYPE;
  override readonly schema = schema;

  override parse(): never {
    throw new TypeError('An answer is not read.');
  }

  override serialize(payload: ResponsePayload): ResponsePayload {
    return payload;
  }
}

/** Answers in sequence, each as the data of an event. */
export class ProtocolEvents extends ProtocolAnswer {
  override serializeEvent(value: unknown): string {
    return JSON.stringify(value);
  }
}
