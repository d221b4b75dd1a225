import { VersioningType, type INestApplication } from '@nestjs/common';
import helmet from 'helmet';

/** The middleware before the endpoints. Guards run after it. */
export function configure(app: INestApplication): void {
  app.use(helmet());
  app.enableCors({
    origin: (process.env['ORIGINS'] ?? 'https://app.example.com').split(','),
    methods: ['POST'],
    allowedHeaders: ['Content-Type', 'X-Api-Key'],
    exposedHeaders: ['Retry-After'],
    maxAge: 600,
  });
  app.setGlobalPrefix('api', { exclude: ['livez', 'readyz', 'healthz', 'metrics'] });
  app.enableVersioning({ type: VersioningType.URI });
}
