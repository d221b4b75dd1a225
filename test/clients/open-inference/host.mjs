// An application that serves a model of each kind by the Open Inference Protocol.
// Prints {"rest": "127.0.0.1:…", "grpc": "127.0.0.1:…"} when it is ready, and ends with its stdin.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { fastai, ModelStore, pytorch, VtsGrpcServer, VtsModule } from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { Simple } from './simple.runnable.mjs';

const fixture = (path) => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url));
const home = await mkdtemp(join(tmpdir(), 'vts-judges-'));
const store = new ModelStore(home);
await fastai.saveModel('text', fixture('learners/legacy_stream/export.pkl'), { store });
const image = brotliDecompressSync(fixture('vision/learners/classes/export.pkl.br'));
await fastai.saveModel('image', image, { store });
await fastai.saveModel('rows', gunzipSync(fixture('tabular/typed.pkl.gz')), { store });
await fastai.saveModel('words', gunzipSync(fixture('lm/untied/export.pkl.gz')), { store });
await pytorch.saveModel('layer', fixture('pytorch/mlp.pt'), { store });

class AppModule {}
Module({
  imports: [
    VtsModule.forRoot({
      home,
      runnables: [Simple],
      openInference: {
        models: ['text', 'image', 'rows', 'words', 'layer'],
        grpc: { host: '127.0.0.1', port: 0 },
        repository: true,
      },
    }),
  ],
})(AppModule);

const app = await NestFactory.create(AppModule, new VtsExpressAdapter(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();
const { port: grpcPort } = app.get(VtsGrpcServer);
console.log(JSON.stringify({ rest: `127.0.0.1:${port}`, grpc: `127.0.0.1:${grpcPort}` }));
process.stdin.resume();
process.stdin.once('end', async () => {
  await app.close();
  await rm(home, { recursive: true, force: true });
  process.exit(0);
});
