import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { adapter } from './adapter.js';

/** An application of these parts, started and without log lines; the test closes it. */
export async function startApp(
  metadata: ModuleMetadata,
  adjust: {
    overrides?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
    app?: (app: INestApplication) => void;
    logger?: Parameters<INestApplication['useLogger']>[0];
  } = {},
): Promise<INestApplication> {
  @Module(metadata)
  class TestingRoot {}
  const builder = Test.createTestingModule({ imports: [TestingRoot] });
  const module = await (adjust.overrides?.(builder) ?? builder).compile();
  const app = module.createNestApplication(adapter(), { logger: adjust.logger ?? false });
  adjust.app?.(app);
  await app.listen(0);
  return app;
}
