import { NestFactory } from '@nestjs/core';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { AppModule } from './app.module.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, new VtsExpressAdapter());
  app.enableShutdownHooks([], { useProcessExit: true });
  await app.listen(process.env['PORT'] ?? 8080);
}

void bootstrap();
