import {
  BadRequestException,
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Param,
  Post,
  Redirect,
  Res,
  StreamableFile,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import type { ServerResponse } from 'node:http';

/** A filter of the host's, which tells itself apart by its name. */
abstract class NamedFilter implements ExceptionFilter {
  protected abstract readonly name: string;

  constructor(private readonly adapters: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status = error instanceof HttpException ? error.getStatus() : 500;
    const message = error instanceof Error ? error.message : String(error);
    const response: unknown = host.switchToHttp().getResponse();
    this.adapters.httpAdapter.reply(response, { filter: this.name, message }, status);
  }
}

@Catch()
export class GlobalFilter extends NamedFilter {
  protected readonly name = 'global';
}

@Catch(BadRequestException)
export class ProvidedFilter extends NamedFilter {
  protected readonly name = 'provided';
}

@Catch()
class RouteFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<{ send(body: string): void }>().send('by its own filter');
  }
}

/** Routes of the host's own. */
@Controller('things')
export class ThingsController {
  @Get()
  list(): string {
    return 'one, two';
  }

  @Get('error')
  error(): never {
    throw new Error('secret');
  }

  @Get('crash')
  async crash(): Promise<string> {
    const missing = undefined as unknown as { name: string };
    return missing.name;
  }

  @Get('string')
  string(): never {
    throw 'a string';
  }

  @Get('teapot')
  teapot(): never {
    throw new HttpException({ kind: 'teapot', full: true }, 418);
  }

  @Get('filtered')
  @UseFilters(RouteFilter)
  filtered(): never {
    throw new Error('for the filter of the route');
  }

  /** It throws when a part of its response is out. */
  @Get('half')
  half(@Res() response: ServerResponse | { raw: ServerResponse }): never {
    const raw = 'raw' in response ? response.raw : response;
    raw.writeHead(200, { 'content-type': 'text/plain', 'content-length': 4 });
    raw.end('half');
    throw new Error('too late');
  }

  @Get('moved')
  @Redirect('/things', 301)
  moved(): void {}

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Buffer.from('of a file'), { type: 'text/csv' });
  }

  @Get(':id')
  get(@Param('id') id: string): { id: string } {
    return { id };
  }

  @Post()
  add(@Body() body: unknown): { received: unknown } {
    // Of a long body only its length: both responses are compared in full.
    const text = JSON.stringify(body) ?? 'nothing';
    return { received: text.length > 1000 ? text.length : body };
  }
}
