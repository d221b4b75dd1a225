import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

// Nest without this package: the cost of a request that is read as JSON and answered with two
// numbers.
@Controller()
class PlainController {
  @Get('livez')
  live(): object {
    return { status: 'ok' };
  }

  @Post('nest')
  @HttpCode(200)
  nest(@Body() rows: number[][]): number[][] {
    return [[0.25, rows.length]];
  }
}

@Module({ controllers: [PlainController] })
class PlainModule {}

const app = await NestFactory.create(PlainModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
