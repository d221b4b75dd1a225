import { Inject, Injectable } from '@nestjs/common';
import type { RestBody } from '../../../client/protocol/rest-messages.js';
import { HEADER_LENGTH } from '../../../client/protocol/rest-messages.js';
import { PlatformHost } from '../../http/platform-host.js';
import { rawRequest } from '../../http/platform.js';
import type { ResponsePayload } from '../../io/io-descriptor.js';
import { codingFor, compressed, namesOne } from './compression.js';
import { JSON_TYPE } from './protocol.js';

/**
 * Writes answers of the protocol with its content types, and compressed if the client wants that.
 */
@Injectable()
export class Answers {
  constructor(@Inject(PlatformHost) private readonly platforms: PlatformHost) {}

  /** The return value of a handler that does not read a body. */
  plain(response: object, value: object, status = 200): string | Uint8Array {
    const platform = this.platforms.demand();
    if (status !== 200) this.platforms.adapter.status(response, status);
    platform.setHeader(response, 'content-type', JSON_TYPE);
    platform.sendPlainly(platform.responseOf(response));
    return platform.exactText(JSON.stringify(value));
  }

  async json(request: object, response: object, value: object): Promise<ResponsePayload> {
    const body = JSON.stringify(value);
    const accepts = acceptedBy(request);
    const coded = await this.#coded(accepts, response, () => Buffer.from(body));
    return { contentType: JSON_TYPE, body: coded ?? body };
  }

  /** JSON, optionally followed by tensors. */
  async tensors(
    request: object,
    response: object,
    { chunks, headerLength }: RestBody,
  ): Promise<ResponsePayload> {
    const whole = (): Buffer =>
      chunks.length === 1 ? bufferOf(chunks[0]!) : Buffer.concat(chunks);
    const accepts = acceptedBy(request);
    // Numbers take long to compress and hardly become smaller, so only an explicit request counts.
    const wanted = headerLength === undefined || namesOne(accepts);
    const coded = wanted ? await this.#coded(accepts, response, whole) : undefined;
    if (headerLength === undefined) {
      return { contentType: JSON_TYPE, body: coded ?? whole().toString() };
    }
    // The length of the JSON before compression.
    this.platforms.demand().setHeader(response, HEADER_LENGTH, String(headerLength));
    return { contentType: 'application/octet-stream', body: coded ?? whole() };
  }

  async #coded(
    accepts: string | undefined,
    response: object,
    whole: () => Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const coding = codingFor(accepts);
    if (coding === undefined) return undefined;
    const bytes = await compressed(whole(), coding);
    const platform = this.platforms.demand();
    platform.setHeader(response, 'content-encoding', coding);
    platform.setHeader(response, 'vary', 'accept-encoding');
    return bytes;
  }
}

function acceptedBy(request: object): string | undefined {
  return rawRequest(request).headers['accept-encoding'] as string | undefined;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
