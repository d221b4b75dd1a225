import { fields } from './onnx-fields.js';
import type { ByteSource, ProtobufWriter } from './protobuf-writer.js';

// Vector loads, and data that onnxruntime maps into memory, start on cache lines.
const alignment = 64;
const EXTERNAL = 1;

export interface WriteModelOptions {
  /** Initializers of at least this many bytes go to the external data. Default: none. */
  readonly externalDataThreshold?: number;
  /** Name of the external data file, beside the model's. Default 'model.onnx.data'. */
  readonly location?: string;
}

/** The weights for a file beside the model. */
export interface ExternalData {
  readonly location: string;
  readonly byteLength: number;
  /** The file's content in order, produced while it is read. */
  chunks(): Iterable<Uint8Array>;
}

/** Elements that are in memory, or are produced while they are written. */
export type Weights = Exclude<ByteSource, Uint8Array>;

/** Decides which tensors stay in the model, and where the others are in its data file. */
export class WeightPlacer {
  readonly #placed: { readonly data: Weights; readonly offset: number }[] = [];
  readonly #threshold: number;
  readonly #location: string;
  #end = 0;

  constructor({
    externalDataThreshold = Infinity,
    location = 'model.onnx.data',
  }: WriteModelOptions = {}) {
    this.#threshold = externalDataThreshold;
    this.#location = location;
  }

  /** Writes the fields of a tensor that contain its elements, or their location. */
  write(writer: ProtobufWriter, data: Weights): void {
    if (data.byteLength < this.#threshold) {
      writer.bytes(fields.tensor.raw, data);
      return;
    }
    const offset = Math.ceil(this.#end / alignment) * alignment;
    this.#end = offset + data.byteLength;
    this.#placed.push({ data, offset });
    const entries = [
      ['location', this.#location],
      ['offset', String(offset)],
      ['length', String(data.byteLength)],
    ] as const;
    for (const [key, value] of entries) {
      writer.message(fields.tensor.external, (entry) =>
        entry.string(fields.entry.key, key).string(fields.entry.value, value),
      );
    }
    writer.int(fields.tensor.location, EXTERNAL);
  }

  /** Undefined if every tensor stayed in the model. */
  get externalData(): ExternalData | undefined {
    if (this.#placed.length === 0) return undefined;
    const placed = [...this.#placed];
    return {
      location: this.#location,
      byteLength: this.#end,
      *chunks() {
        let position = 0;
        for (const { data, offset } of placed) {
          if (offset > position) yield new Uint8Array(offset - position);
          position = offset;
          for (const chunk of data.chunks()) {
            yield chunk;
            position += chunk.byteLength;
          }
          if (position !== offset + data.byteLength) {
            throw new RangeError(`An initializer gave ${position - offset} bytes.`);
          }
        }
      },
    };
  }
}
