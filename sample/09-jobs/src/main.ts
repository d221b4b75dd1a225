import { NestFactory } from '@nestjs/core';
import { setupVtsDocs } from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { AppModule } from './app.module.js';
import { docs } from './docs.js';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, new VtsExpressAdapter());
  app.enableShutdownHooks([], { useProcessExit: true });
  setupVtsDocs(app, docs);
  await app.listen(process.env['PORT'] ?? 3000);
}

void bootstrap();
