import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { describe, expect, it } from 'vitest';
import { foldersAt, routesAt } from './serve-docs.js';

describe('the routes of the documentation', () => {
  it.each(['/docs', '/v1/api.docs'])('at %s are those of SwaggerModule.setup', (root) => {
    const routes: string[] = [];
    const folders: string[] = [];
    const app = {
      getHttpAdapter: () => ({
        getType: () => 'express',
        get: (route: string) => routes.push(route),
      }),
      useStaticAssets: (_folder: string, { prefix }: { prefix: string }) => folders.push(prefix),
    };
    SwaggerModule.setup(root, app as unknown as INestApplication, () => {
      throw new Error('The document is made at its first request.');
    });
    expect(routesAt(root)).toEqual(routes);
    expect(foldersAt(root)).toEqual(folders);
  });
});
