import type { DynamicModule, Provider } from '@nestjs/common';
import { notedJobHandlers } from '../http/endpoint.js';
import { refuseOption } from '../http/errors.js';
import { VTS_JOBS, VTS_MODULE_OPTIONS } from '../vts.constants.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { JobHandlerError } from './errors.js';
import { resolveJobs, type VtsJobsOptions } from './jobs-options.js';

type Given = boolean | VtsJobsOptions | undefined;

/** The module that serves jobs. Only this loads it, and only if jobs are on. */
export function jobsImports(early: Given): Promise<DynamicModule>[] {
  const options = resolveJobs(early);
  return options === undefined ? [] : [load(options.queue)];
}

async function load(queue: string): Promise<DynamicModule> {
  const { jobsModule } = await import('./jobs.module.js');
  return jobsModule(queue);
}

/** The resolved options, `ResolvedJobsOptions`; undefined if jobs are off. */
export function jobsOptions(early: Given): Provider {
  return {
    provide: VTS_JOBS,
    inject: [VTS_MODULE_OPTIONS],
    useFactory: ({ jobs: late }: VtsModuleOptions) => resolveJobs(merged(early, late)),
  };
}

/** @throws InvalidModuleOptionError for options that Nest needs before it calls the factory. */
function merged(early: Given, late: Given): Given {
  if (late === undefined || late === early) return early;
  const remedy = 'give it to forRootAsync, beside useFactory';
  if (early === undefined || early === false) {
    return refuseOption('"jobs"', 'is too late from a factory', remedy);
  }
  const first = early === true ? {} : early;
  const then = typeof late === 'object' ? late : {};
  if (late === false || (then.queue ?? first.queue) !== first.queue) {
    const option = late === false ? '"jobs"' : '"jobs.queue"';
    return refuseOption(option, 'is too late from a factory', remedy);
  }
  return { ...first, ...then };
}

interface ModuleOfControllers {
  readonly controllers: ReadonlyMap<unknown, { readonly metatype: unknown }>;
}

/** @throws JobHandlerError if a class of the application has jobs, but the module does not. */
export function refuseJobsWithoutQueue(modules: Iterable<ModuleOfControllers>): void {
  const noted = notedJobHandlers();
  if (noted.length === 0) return;
  for (const { controllers } of modules) {
    for (const { metatype } of controllers.values()) {
      const { prototype } = metatype as { prototype?: object };
      const own = noted.find(({ target }) => isFrom(prototype, target));
      if (own === undefined) continue;
      const handler = `${(metatype as { name: string }).name}.${String(own.key)}`;
      const remedy = "add jobs: { connection: 'redis://localhost:6379' } to it";
      throw new JobHandlerError(handler, 'VtsModule.forRoot has no option jobs', remedy);
    }
  }
}

function isFrom(prototype: object | undefined, target: object): boolean {
  return prototype === target || (prototype !== undefined && target.isPrototypeOf(prototype));
}
