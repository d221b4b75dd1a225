import { createReadStream } from 'node:fs';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

@Controller()
@ApiExcludeController()
export class PageController {
  @Get()
  page(): StreamableFile {
    const file = createReadStream('sample/05-language-model/public/index.html');
    return new StreamableFile(file, { type: 'text/html; charset=utf-8' });
  }
}
