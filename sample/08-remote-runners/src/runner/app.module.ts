import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { home } from '../home.js';

/** Serves the model to other processes. Its only own endpoints are health and metrics. */
@Module({
  imports: [
    VtsModule.forRoot({
      scope: 'application',
      home,
      openInference: {
        models: ['fastai_sentiment:latest'],
        grpc: {
          host: process.env['GRPC_HOST'] ?? '0.0.0.0',
          port: Number(process.env['GRPC_PORT'] ?? 8081),
        },
      },
    }),
  ],
})
export class AppModule {}
