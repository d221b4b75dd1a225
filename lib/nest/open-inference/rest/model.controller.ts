import {
  Controller,
  Get,
  Inject,
  Param,
  Res,
  UseFilters,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { Shutdown } from '../../http/shutdown.js';
import { ApiExcludeController } from '../../openapi.js';
import { INFERENCE_SERVICE } from '../inference-service.js';
import { Answers } from './answers.js';
import { OpenInferenceFilter } from './protocol.js';
import { configJson, statisticsJson } from './resources.js';

/** Routes of a model, with and without a version. */
export function ofModel(action: string): string[] {
  return [`models/:model${action}`, `models/:model/versions/:version${action}`];
}

/** Describes the served models and their state: `GET {path}` and the paths below it. */
export function modelController(path: string): Type {
  @ApiExcludeController()
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseFilters(OpenInferenceFilter)
  class VtsOpenInferenceModelController {
    constructor(
      @Inject(INFERENCE_SERVICE) private readonly service: InferenceService,
      @Inject(Answers) private readonly answers: Answers,
      @Inject(Shutdown) private readonly shutdown: Shutdown,
    ) {}

    @Get()
    server(@Res({ passthrough: true }) response: object): unknown {
      return this.answers.plain(response, this.service.serverMetadata());
    }

    @Get('health/live')
    live(@Res({ passthrough: true }) response: object): unknown {
      return this.answers.plain(response, { live: true });
    }

    @Get('health/ready')
    ready(@Res({ passthrough: true }) response: object): unknown {
      const ready = !this.shutdown.begun && this.service.serverReady();
      return this.answers.plain(response, { ready }, ready ? 200 : 503);
    }

    @Get('models')
    models(@Res({ passthrough: true }) response: object): unknown {
      return this.answers.plain(response, { models: this.service.models() });
    }

    // Comes before the routes of models, because a model could have this name.
    @Get('models/stats')
    allStatistics(@Res({ passthrough: true }) response: object): unknown {
      return this.answers.plain(response, statisticsJson(this.service.statistics('', '')));
    }

    @Get(ofModel(''))
    model(
      @Res({ passthrough: true }) response: object,
      @Param('model') name: string,
      @Param('version') version = '',
    ): unknown {
      return this.answers.plain(response, this.service.modelMetadata(name, version));
    }

    @Get(ofModel('/ready'))
    modelReady(
      @Res({ passthrough: true }) response: object,
      @Param('model') name: string,
      @Param('version') version = '',
    ): unknown {
      const ready = this.service.modelReady(name, version);
      return this.answers.plain(response, { name, ready }, ready ? 200 : 503);
    }

    @Get(ofModel('/config'))
    config(
      @Res({ passthrough: true }) response: object,
      @Param('model') name: string,
      @Param('version') version = '',
    ): unknown {
      return this.answers.plain(response, configJson(this.service.modelConfig(name, version)));
    }

    @Get(ofModel('/stats'))
    statistics(
      @Res({ passthrough: true }) response: object,
      @Param('model') name: string,
      @Param('version') version = '',
    ): unknown {
      return this.answers.plain(response, statisticsJson(this.service.statistics(name, version)));
    }
  }
  return VtsOpenInferenceModelController;
}
