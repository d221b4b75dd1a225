import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { recordRuns, watchCreate, sessions } from './recorded-runs.js';
import type { Tensor } from 'onnxruntime-common';
import sharp from 'sharp';
import { Learner } from 'nestjs-vts/learner';
import { answerQuestions } from './answer.js';

export interface ExportQuestion {
  readonly file: string;
  readonly out: string;
}

// Writes the model of an image learner as an ONNX file, with the facts that a service needs, for
// peers. They run the same graph as this package, so that only the code around it differs.
await answerQuestions(async ({ file, out }: ExportQuestion) => {
  mkdirSync(out, { recursive: true });
  let model = 'model.onnx';
  watchCreate((source, options) => {
    if (typeof source === 'string') {
      model = basename(source);
      for (const { name } of readdirSync(dirname(source), { withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      )) {
        cpSync(join(dirname(source), name), join(out, name));
      }
    } else {
      writeFileSync(join(out, model), source);
      for (const data of options.externalData ?? []) {
        if (typeof data === 'object' && 'path' in data && data.data instanceof Uint8Array) {
          writeFileSync(join(out, data.path), data.data);
        }
      }
    }
  });
  const learner = await Learner.load<Uint8Array>(file);
  const [black, white] = [await feedOf(learner, 0), await feedOf(learner, 255)];
  const [height, width] = black.dims.slice(2);
  const meta = { model, size: [height, width], vocab: learner.vocab, ...scaleOf(black, white) };
  writeFileSync(join(out, 'meta.json'), JSON.stringify(meta));
  return { input: sessions[0]!.inputNames[0] };
});

/** The model's input for a picture of one colour. */
async function feedOf(learner: Learner<Uint8Array>, level: number): Promise<Tensor> {
  const background = { r: level, g: level, b: level };
  const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer();
  const [run] = await recordRuns(() => learner.predict(picture));
  return Object.values(run!.args[0] as Record<string, Tensor>)[0]!;
}

/** Mean and standard deviation of the learner's normalization: black is 0, white is 1. */
function scaleOf(black: Tensor, white: Tensor): { mean: number[]; std: number[] } {
  const pixels = black.dims[2]! * black.dims[3]!;
  const at = ({ data }: Tensor, channel: number): number => Number(data[channel * pixels]);
  const std = [0, 1, 2].map((channel) => 1 / (at(white, channel) - at(black, channel)));
  return { std, mean: std.map((value, channel) => -at(black, channel) * value) };
}
