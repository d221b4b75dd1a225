import {
  Controller,
  Injectable,
  Scope,
  StreamableFile,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { catchError, map, of, retry, tap, type Observable } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { File } from '../io/file.js';
import { Json } from '../io/json.js';
import { Text } from '../io/text.js';
import { currentJob } from './job-scope.js';

const seen: string[] = [];
let failures = 0;

/** Is made by Nest, and injected like any other. */
@Injectable()
class Noting implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const id = context.getType<string>() === 'job' ? currentJob()?.id : undefined;
    const same = context.getArgByIndex<{ id?: string }>(0).id === id;
    const at = `${context.getType()} ${context.getClass().name}.${context.getHandler().name}`;
    seen.push(`${at} ${id === undefined ? 'no job' : same}`);
    return next.handle().pipe(tap(() => seen.push('after')));
  }
}

const shaping: NestInterceptor = {
  intercept: (_, next) => next.handle().pipe(map((text: string) => `<${text}>`)),
};
const files: NestInterceptor = {
  intercept: (_, next) =>
    next
      .handle()
      .pipe(map((file: StreamableFile) => (file instanceof StreamableFile ? file : 'no file'))),
};
const retrying: NestInterceptor = { intercept: (_, next) => next.handle().pipe(retry(2)) };
const mapping: NestInterceptor = {
  intercept: (_, next) => next.handle().pipe(catchError(() => of('"instead"'))),
};
const cached: NestInterceptor = { intercept: () => of({ from: 'a cache' }) };

@Controller()
class Works {
  @UseInterceptors(Noting, shaping)
  @VtsApi({ input: Text, output: Text, job: true })
  upper(text: string): string {
    seen.push('handler');
    return text.toUpperCase();
  }

  @UseInterceptors(files)
  @VtsApi({ input: Text, output: File, job: true })
  bytes(text: string): Uint8Array {
    return Buffer.from(text);
  }

  @UseInterceptors(retrying)
  @VtsApi({ input: Text, output: Text, job: true })
  flaky(text: string): string {
    if (failures-- > 0) throw new Error('again');
    return text;
  }

  @UseInterceptors(mapping)
  @VtsApi({ input: Text, output: Json, job: true })
  mapped(): unknown {
    throw new Error('no');
  }

  @UseInterceptors(cached)
  @VtsApi({ input: Text, output: Json, job: true })
  kept(): unknown {
    throw new Error('is not called');
  }
}

@Injectable({ scope: Scope.REQUEST })
class OfRequest implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Controller()
class Scoped {
  @UseInterceptors(OfRequest)
  @VtsApi({ input: Text, output: Text, job: true })
  upper(text: string): string {
    return text;
  }
}

/**
 * An application's own, which shapes what is sent: the result of a job once, as the direct answer.
 */
const enveloping: NestInterceptor = {
  intercept: (context, next) => {
    if (!context.switchToHttp().getRequest<{ headers: object }>().headers) throw new Error('job');
    return next.handle().pipe(map((value: unknown) => (value === 'A' ? '[A]' : value)));
  },
};

@Controller()
class Plain {
  @VtsApi({ input: Text, output: Text, job: true })
  upper(text: string): string {
    return text.toUpperCase();
  }
}

describe.runIf(hasRedis).each(['express', 'fastify'])('Interceptors of jobs on %s', (on) => {
  let redis: RedisServer;
  let app: INestApplication | undefined;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());
  beforeEach(() => {
    seen.length = 0;
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  const start = async (metadata: object): Promise<JobsClient> => {
    app = await jobsApp(on, { connection: redis.url }, metadata);
    return JobsClient.of(app);
  };
  const resultOf = async (client: JobsClient, path: string) => {
    const location = await client.submitted(path, 'a');
    await client.ended(location);
    return client.http.get(`${location}/result`);
  };

  it('wrap the run, not the requests about it', async () => {
    const client = await start({ controllers: [Works] });
    const { text } = await resultOf(client, '/upper');
    expect(text).toBe('<A>');
    expect(seen).toEqual(['job Works.upper true', 'handler', 'after']);
    seen.length = 0;
    const direct = await client.http.text('/upper', 'a');
    expect(direct.text).toBe('<A>');
    expect(seen).toEqual(['http Works.upper no job', 'handler', 'after']);
  });

  it('change a result as they change an answer', async () => {
    const client = await start({ controllers: [Works] });
    for (const path of ['/bytes', '/mapped']) {
      const direct = await client.http.text(path, 'a');
      const result = await resultOf(client, path);
      expect([result.status, result.text]).toEqual([200, direct.text]);
    }
    const { type, json } = await resultOf(client, '/kept');
    expect([type, json]).toEqual(['application/json; charset=utf-8', { from: 'a cache' }]);
    failures = 2;
    expect((await resultOf(client, '/flaky')).text).toBe('a');
  });

  it('of the application wrap requests, so that a result is shaped once', async () => {
    const provider = { provide: APP_INTERCEPTOR, useValue: enveloping };
    const client = await start({ controllers: [Plain], providers: [provider] });
    const direct = await client.http.text('/upper', 'a');
    const result = await resultOf(client, '/upper');
    expect([direct.text, result.status]).toEqual(['[A]', 200]);
    expect(result.text).toBe(direct.text);
  });

  it('that are request-scoped are refused at the start', async () => {
    await expect(start({ controllers: [Scoped] })).rejects.toThrow(
      /^Scoped.upper has job: true, but its controller is request-scoped; .* interceptors the default scope/,
    );
  });
});
