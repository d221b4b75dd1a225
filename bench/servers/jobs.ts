import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Runner, Text, VtsApi, VtsModule, type FastaiRunner } from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';

// The same handler for a request and for a job.
@Controller()
class LabelController {
  constructor(@Runner('fastai_sentiment') private readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({ input: Text, output: Text, job: true })
  async label(text: string): Promise<string> {
    const [label] = await this.runner.predict.run(text);
    return label;
  }
}

@Module({
  imports: [
    VtsModule.forRoot({
      home: process.env['VTS_HOME']!,
      accessLog: false,
      jobs: {
        connection: process.env['REDIS_URL']!,
        prefix: '{bench}',
        concurrency: Number(process.env['CONCURRENCY']),
      },
    }),
  ],
  controllers: [LabelController],
})
class JobsModule {}

const app = await NestFactory.create(JobsModule, new VtsExpressAdapter(), {
  logger: ['error', 'warn'],
});
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
