/** `nestjs-vts/express`: what needs `@nestjs/platform-express`. */
export { VtsExpressAdapter } from './nest/http/express/vts-express-adapter.js';
