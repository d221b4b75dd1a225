import { Tensor } from 'onnxruntime-common';
import sharp from 'sharp';
import { openLearnerFile } from '../lib/learner/fastai/learner-file.js';
import { Learner } from '../lib/learner/fastai/learner.js';
import { readImageInput } from '../lib/learner/fastai/vision/image-input.js';
import { RasterSource } from '../lib/learner/fastai/vision/image/pixel-source.js';
import { readImage } from '../lib/learner/fastai/vision/image/read-image.js';
import { resize } from '../lib/learner/fastai/vision/image/resample.js';
import { crop } from '../lib/learner/fastai/vision/image/frame.js';
import { ImagePipeline } from '../lib/learner/fastai/vision/transforms/pipeline.js';
import { createSession, lowerModel } from '../lib/learner/onnx/index.js';
import { loadLowerings } from '../lib/learner/onnx/lowering/registry.js';
import { median, sideBySide, table, timed } from './statistics.js';

const ROUNDS = 60;

/** A JPEG of 1024 x 768 pixels with detail in it, as a camera's would have. */
async function photograph(): Promise<Uint8Array> {
  const [width, height] = [1024, 768];
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    data[i] = 128 + 90 * Math.sin(x / 37 + (i % 3)) * Math.cos(y / 23) + (state >>> 27);
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function medianOf(call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await timed(call));
  return median(times);
}

/**
 * predict of a photograph against session.run on planes that have been prepared, and where the rest
 * of the time goes.
 */
export async function benchVision(file: string): Promise<void> {
  const jpeg = await photograph();
  const learner = await Learner.load<Uint8Array>(file);
  const opened = openLearnerFile(file);
  const mode = readImageInput(opened);
  const pipeline = new ImagePipeline(mode, opened.dls.afterItem, opened.dls.afterBatch);
  const raster = await readImage(jpeg, mode);
  const transformed = pipeline.apply(new RasterSource(raster));
  const { channels, height, width } = transformed;
  const data = new Float32Array(channels * height * width);
  transformed.write(data);
  await loadLowerings(opened.model);
  const { graph } = lowerModel(opened.model, {
    inputs: [{ name: 'image', dtype: 'float32', dims: ['batch', channels, height, width] }],
  });
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  opened.torchFile.close();
  const bare = () =>
    session.run({ image: new Tensor('float32', data, [1, channels, height, width]) });
  const predict = () => learner.predict(jpeg);
  await sideBySide(bare, predict, 20);
  const [run, whole] = await sideBySide(bare, predict, ROUNDS);
  const decode = await medianOf(() => readImage(jpeg, mode));
  const transform = await medianOf(async () =>
    pipeline.apply(new RasterSource(raster)).write(data),
  );
  const perSecond = (ms: number): string => (1000 / ms).toFixed(0);
  table(
    `predict of a 1024 x 768 JPEG, transformed to ${width} x ${height} (median ms, 1 thread)`,
    ['session.run', 'predict', 'images/s', 'decode', 'transforms', 'all but the model'],
    [
      [
        run.toFixed(2),
        whole.toFixed(2),
        perSecond(whole),
        decode.toFixed(2),
        transform.toFixed(2),
        (whole - run).toFixed(2),
      ],
    ],
  );
  const usual = await medianOf(async () => resize(crop(raster, 128, 0, 896, 768), 224, 224));
  table(
    'The usual Resize(224) of the same image, cropped to 768 x 768 (median ms)',
    ['decode', 'resize', 'both'],
    [[decode.toFixed(2), usual.toFixed(2), (decode + usual).toFixed(2)]],
  );
  await learner.release();
  await session.release();
}
