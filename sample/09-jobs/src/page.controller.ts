import { createReadStream } from 'node:fs';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

@Controller()
@ApiExcludeController()
export class PageController {
  @Get()
  page(): StreamableFile {
    return publicFile('index.html', 'text/html');
  }

  @Get('page.js')
  script(): StreamableFile {
    return publicFile('page.js', 'text/javascript');
  }
}

function publicFile(name: string, type: string): StreamableFile {
  const file = createReadStream(`sample/09-jobs/public/${name}`);
  return new StreamableFile(file, { type: `${type}; charset=utf-8` });
}
