import { quoted, shortened } from '../learner/errors/index.js';
import { refused } from './check-request.js';
import type { InferResponse, InferTensor, Parameters } from './protocol/messages.js';

/** The answer of a model. @publicApi */
export class InferenceResult {
  readonly modelName: string;
  /** The version that ran; '' if the server does not report it. */
  readonly modelVersion: string;
  readonly id: string | undefined;
  readonly parameters: Parameters;
  /** In the server's order. */
  readonly outputs: readonly InferTensor[];

  constructor({ modelName, modelVersion, id, parameters, outputs }: InferResponse) {
    this.modelName = modelName;
    this.modelVersion = modelVersion;
    this.id = id;
    this.parameters = parameters ?? {};
    this.outputs = outputs;
  }

  /**
   * An output. Its `data` is a typed array in row-major order (BOOL as 0 and 1, FP16 as the bits of
   * each number). For BYTES, it is a list of strings (REST with JSON) or Uint8Arrays.
   *
   * @throws InferenceError INVALID_ARGUMENT if no output has that name
   */
  tensor(name: string): InferTensor {
    const found = this.outputs.find((output) => output.name === name);
    if (found) return found;
    const names = quoted(this.outputs.map((output) => output.name));
    throw refused(
      `The answer has no output "${shortened(name)}"; it has ${names === '' ? 'none' : names}.`,
    );
  }

  /**
   * The elements of a BYTES output as strings.
   *
   * @throws InferenceError INVALID_ARGUMENT for another datatype, and for bytes that are not UTF-8
   */
  strings(name: string): string[] {
    const { datatype, data } = this.tensor(name);
    if (datatype !== 'BYTES') {
      throw refused(
        `The output "${shortened(name)}" is ${datatype}, and texts are BYTES; read its tensor.`,
      );
    }
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return (data as readonly (string | Uint8Array)[]).map((text, at) => {
      if (typeof text === 'string') return text;
      try {
        return decoder.decode(text);
      } catch (error) {
        throw refused(
          `Element ${at} of the output "${shortened(name)}" is not UTF-8; read its tensor.`,
          error,
        );
      }
    });
  }
}
