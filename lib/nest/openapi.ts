import { optional } from './optional.js';

type Swagger = typeof import('@nestjs/swagger');
type Decorators = Pick<
  Swagger,
  | 'ApiExtraModels'
  | 'ApiOkResponse'
  | 'ApiOperation'
  | 'ApiParam'
  | 'ApiProperty'
  | 'ApiResponse'
  | 'ApiSchema'
  | 'ApiServiceUnavailableResponse'
  | 'ApiTags'
>;

const none = () => () => undefined;
const NONE: Decorators & Pick<Swagger, 'getSchemaPath'> = {
  ApiExtraModels: none,
  ApiOkResponse: none,
  ApiOperation: none,
  ApiParam: none,
  ApiProperty: none,
  ApiResponse: none,
  ApiSchema: none,
  ApiServiceUnavailableResponse: none,
  ApiTags: none,
  getSchemaPath: (model) =>
    `#/components/schemas/${typeof model === 'string' ? model : model.name}`,
};

/** @nestjs/swagger's, which do nothing where that is not installed. */
export const {
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiResponse,
  ApiSchema,
  ApiServiceUnavailableResponse,
  ApiTags,
  getSchemaPath,
}: typeof NONE = optional('@nestjs/swagger') ?? NONE;
