import { shortened } from '../../learner/errors/index.js';
import { InferenceMessageError } from '../protocol/errors.js';
import type { Parameters, ParameterValue } from '../protocol/messages.js';
import { WIRE, WireReader } from './wire/reader.js';
import { WireWriter } from './wire/writer.js';

const MOST = 1024;

/** Reads parameters, entry by entry of the map. */
export class ParameterReader {
  /** Without a prototype, so that no name has a special meaning. */
  readonly #values = Object.create(null) as Record<string, ParameterValue>;
  #entries = 0;

  /** Reads the next entry. @throws InferenceMessageError */
  add(reader: WireReader): void {
    if (++this.#entries > MOST) {
      throw new InferenceMessageError(`There are more than ${MOST} parameters`, 'send fewer');
    }
    const entry = new WireReader(reader.view());
    let key = '';
    let value: ParameterValue | undefined;
    while (entry.next()) {
      if (entry.field === 1) key = entry.text();
      else if (entry.field === 2) value = readValue(new WireReader(entry.view())) ?? value;
      else entry.skip();
    }
    if (value === undefined) {
      throw new InferenceMessageError(
        `The parameter "${shortened(key, 40)}" has no value`,
        'send one of the choices of InferParameter',
      );
    }
    this.#values[key] = value;
  }

  get values(): Parameters {
    return this.#values;
  }

  /** The parameters for a message: undefined if there are none. */
  get member(): { readonly parameters?: Parameters } {
    return this.#entries > 0 ? { parameters: this.#values } : {};
  }
}

/** The last choice counts. */
function readValue(reader: WireReader): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) value = reader.bool();
    else if (reader.field === 3) value = reader.text();
    else if (reader.field === 4) value = reader.double();
    else if (reader.field === 2 || reader.field === 5) {
      reader.expect(WIRE.varint);
      reader.varint();
      const exact = reader.field === 2 ? reader.int64() : reader.uint64();
      value = Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    } else reader.skip();
  }
  return value;
}

/** @throws InferenceMessageError for a bigint of more than 64 bits. */
export function writeParameters(
  message: WireWriter,
  field: number,
  parameters: Parameters | undefined,
): void {
  for (const [key, value] of Object.entries(parameters ?? {})) {
    message.message(field, new WireWriter().text(1, key).message(2, valueOf(key, value)));
  }
}

function valueOf(key: string, value: ParameterValue): WireWriter {
  const choice = new WireWriter();
  // Every choice is written, even at its default, because its presence tells which one it is.
  if (typeof value === 'boolean') return choice.tag(1, WIRE.varint).varint(value ? 1 : 0);
  if (typeof value === 'string') return choice.bytes(3, Buffer.from(value));
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return choice.double(4, value);
    return choice.tag(2, WIRE.varint).varint(value);
  }
  if (value === BigInt.asIntN(64, value)) return choice.tag(2, WIRE.varint).varint(value);
  if (value === BigInt.asUintN(64, value)) return choice.tag(5, WIRE.varint).varint(value);
  throw new InferenceMessageError(
    `The parameter "${shortened(key, 40)}" is ${shortened(String(value), 40)}, which has more than 64 bits`,
    'send it as a string',
  );
}
